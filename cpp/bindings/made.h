// Objects that were never made, which Python's `__new__` gives, are refused.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace ecgrt {

// The caster of a class of which no object is used before its `__init__` or `__setstate__` has
// filled it: pybind11 would make one of raw memory, on the first call of a method. For classes
// that nobody derives from.
template <class Class>
class MadeCaster : public pybind11::detail::type_caster_base<Class> {
  using Base = pybind11::detail::type_caster_base<Class>;

 public:
  bool load(pybind11::handle object, bool convert) {
    if (this->typeinfo && Py_TYPE(object.ptr()) == this->typeinfo->type) {
      auto* const instance = reinterpret_cast<pybind11::detail::instance*>(object.ptr());
      if (!instance->get_value_and_holder().value_ptr()) {
        throw pybind11::type_error("this " + std::string(Py_TYPE(object.ptr())->tp_name) +
                                   " is empty: __new__ made it, and nothing has filled it");
      }
    }
    return Base::load(object, convert);
  }
};

}  // namespace ecgrt
