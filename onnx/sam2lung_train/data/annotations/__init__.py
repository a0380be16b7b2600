"""Places in whole CTs that the data's own lists lack: CSV files, and `reader`, which reads them.

- `seen_by_eye.csv`: lesions that were found by eye. They have no mask.
- `unlisted_nodules.csv`: places that nobody listed and that look like nodules on pictures: round, apart from vessels,
  ending within a few slices. No radiologist read two of these CTs. Whatever they are, nothing is learned from them;
  taught as no nodules they taught the classifier to drop nodules.
- `thick_slice_lesions.csv`: lesions at which `evaluate-thickness` compares volumes.

Columns: `ct` (file or folder in the shared data), `i`, `j`, `k` (voxel: column, row, slice from the feet),
`diameter_mm` (empty where nobody measured it), `what` (words).
"""
