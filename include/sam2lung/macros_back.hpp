/// \file
/// Brings back what macros_off.hpp has hidden. No include guard, as there.

#pragma pop_macro("Status")
