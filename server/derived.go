package server

import (
	"sync"
	"sync/atomic"

	"github.com/tandem-go/tandem"
)

// derived is a value that is made of the service's operations, and made anew
// when they have changed.
type derived[T any] struct {
	service *tandem.Service
	make    func() (T, error)
	failed  func(error) // told when a change cannot be followed; the value stays then

	mu   sync.Mutex // held while it is made
	last atomic.Pointer[revised[T]]
}

type revised[T any] struct {
	revision uint64
	value    T
}

// newDerived makes the value for the first time.
func newDerived[T any](svc *tandem.Service, make func() (T, error), failed func(error)) (*derived[T], error) {
	d := &derived[T]{service: svc, make: make, failed: failed}
	revision := svc.Revision() // before the value: what is added meanwhile counts as later
	value, err := make()
	if err != nil {
		return nil, err
	}
	d.last.Store(&revised[T]{revision, value})
	return d, nil
}

// get returns the value of the present operations.
func (d *derived[T]) get() T {
	if last := d.last.Load(); last.revision == d.service.Revision() {
		return last.value
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	last := d.last.Load()
	revision := d.service.Revision()
	if last.revision == revision {
		return last.value
	}
	value, err := d.make()
	if err != nil {
		d.failed(err)
		value = last.value
	}
	d.last.Store(&revised[T]{revision, value})
	return value
}
