package schema

import (
	"context"
	"reflect"
)

// validating is a type with checks beyond its schema, such as across fields.
type validating interface {
	Validate(ctx context.Context) error
}

// locating is an error that knows which fields are wrong; its pointers are relative to the value that was validated.
type locating interface {
	FieldErrors() []FieldError
}

// runValidate calls the Validate method of v, which is sound by its schema, if it has one.
func (d *decoder) runValidate(n *node, v reflect.Value) bool {
	if !n.validates {
		return true
	}
	return d.validateValue(v)
}

func (d *decoder) validateValue(v reflect.Value) bool {
	if d.quiet {
		return true
	}
	err := v.Addr().Interface().(validating).Validate(d.ctx)
	if err == nil {
		return true
	}
	found := flatten(err)
	if p := reflect.ValueOf(err); len(found) == 0 && !(p.Kind() == reflect.Pointer && p.IsNil()) {
		found = []FieldError{{Detail: err.Error()}} // an error that locates nothing is still one
	}
	for _, e := range found {
		if !d.report(e) {
			return false
		}
	}
	return true
}

// flatten takes err apart into what it says of fields; what says nothing of them is about the value as a whole.
func flatten(err error) []FieldError {
	switch e := err.(type) {
	case locating:
		return e.FieldErrors()
	case interface{ Unwrap() []error }:
		var all []FieldError
		for _, part := range e.Unwrap() {
			all = append(all, flatten(part)...)
		}
		return all
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			if found, ok := located(inner); ok {
				return found
			}
		}
	}
	return []FieldError{{Detail: err.Error()}}
}

// located looks for field errors deeper in a chain of wrapped errors.
func located(err error) ([]FieldError, bool) {
	switch e := err.(type) {
	case locating:
		return e.FieldErrors(), true
	case interface{ Unwrap() []error }:
		return flatten(err), true
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return located(inner)
		}
	}
	return nil, false
}
