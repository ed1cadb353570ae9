package tandem

// Change says what of a service has changed while it serves.
type Change struct {
	// Tools, Resources and Prompts say that the list has changed.
	Tools, Resources, Prompts bool
	// Updated is the URI of a resource whose contents have changed; empty for none.
	Updated string
	// Visited is the id of a [Visit] that has come to its end; empty for none.
	Visited string
}

// OnChange calls f after every change, until stop is called. f must not block and
// must not call the service.
func (s *Service) OnChange(f func(Change)) (stop func()) {
	listener := &f
	s.changes.Lock()
	defer s.changes.Unlock()
	if s.listeners == nil {
		s.listeners = map[*func(Change)]struct{}{}
	}
	s.listeners[listener] = struct{}{}
	return func() {
		s.changes.Lock()
		defer s.changes.Unlock()
		delete(s.listeners, listener)
	}
}

// ResourceUpdated tells those who subscribed to a resource that its contents
// have changed.
func (s *Service) ResourceUpdated(uri string) { s.tell(Change{Updated: uri}) }

// VisitDone tells the client that was asked for a [Visit] that the person has been
// there, so that it need not wait for them to say so. The id is that of the visit.
func (s *Service) VisitDone(id string) { s.tell(Change{Visited: id}) }

func (s *Service) tell(c Change) {
	s.changes.Lock()
	defer s.changes.Unlock()
	for f := range s.listeners {
		(*f)(c)
	}
}
