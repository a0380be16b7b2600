/// \file
/// Hides macros of other libraries whose names are used here, until macros_back.hpp: <X11/Xlib.h> has
/// `#define Status int`. No include guard: each header that needs it takes both, behind its other includes.

#pragma push_macro("Status")
#undef Status
