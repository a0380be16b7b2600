/// \file
/// From what the network found to what is to be written: everything that takes time. Any thread.

#ifndef SAM2LungPrepare_h
#define SAM2LungPrepare_h

#include "SAM2LungRun.h"

#include "vtkSlicerSAM2LungModuleLogicExport.h"

namespace sam2lung_slicer
{

/// Makes the segments. After a run, matches its nodules first with those that were there before (RunInput::previous).
///
/// - Two nodules are versions of one if they share half of the smaller one's voxels; of several, those that share most.
/// - A version of an earlier nodule gets the earlier one's number. Others keep the run's, where it is free.
/// - What was outlined by a click stays as it was, in the place of the run's versions of it.
/// - The uncertainty is 0 beyond 10 mm of every nodule, unless RunInput::whole_uncertainty asks for all of it.
///
/// After a click the library has done all of that. The images of `output` are changed in place.
VTK_SLICER_SAM2LUNG_MODULE_LOGIC_EXPORT
void Prepare(const RunInput& input, RunOutput& output);

} // namespace sam2lung_slicer

#endif
