package tandem

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Resources returns the resources and templates in the order of registration.
func (s *Service) Resources() []*RegisteredResource {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.resources)
}

// Prompts returns the prompts in the order of registration.
func (s *Service) Prompts() []*RegisteredPrompt {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.prompts)
}

// findResource returns the resource of a URI with the arguments that read it: a
// fixed URI before a template, else the first that matches. It is nil for none.
func (s *Service) findResource(uri string) (*RegisteredResource, []byte) {
	resources := s.Resources()
	for _, fixed := range []bool{true, false} {
		for _, r := range resources {
			if r.IsTemplate() == fixed {
				continue
			}
			if args, ok := r.ArgumentsOf(uri); ok {
				return r, args
			}
		}
	}
	return nil, nil
}

// FindResource returns the resource or the template of a URI, nil if there is
// none.
func (s *Service) FindResource(uri string) *RegisteredResource {
	r, _ := s.findResource(uri)
	return r
}

func (s *Service) addResource(r *RegisteredResource) error {
	if err := r.prepare(); err != nil {
		return err
	}
	s.mu.Lock()
	err := s.enterResource(r)
	s.mu.Unlock()
	if err == nil {
		s.tell(Change{Resources: true})
	}
	return err
}

// enterResource enters r; s.mu is held.
func (s *Service) enterResource(r *RegisteredResource) error {
	for _, other := range s.resources {
		if other.URI == r.URI {
			return fmt.Errorf("the URI is taken by resource %q", other.Name)
		}
		if strings.EqualFold(other.Name, r.Name) {
			return fmt.Errorf("the name is taken by resource %q (names are compared without case)", other.Name)
		}
	}
	s.resources = append(s.resources, r)
	s.compose(r.op)
	s.revision.Add(1)
	return nil
}

func (s *Service) addPrompt(p *RegisteredPrompt) error {
	if err := p.prepare(); err != nil {
		return err
	}
	s.mu.Lock()
	for _, other := range s.prompts {
		if strings.EqualFold(other.Name, p.Name) {
			s.mu.Unlock()
			return fmt.Errorf("the name is taken by prompt %q (names are compared without case)", other.Name)
		}
	}
	s.prompts = append(s.prompts, p)
	s.compose(p.op)
	s.revision.Add(1)
	s.mu.Unlock()
	s.tell(Change{Prompts: true})
	return nil
}

// RemoveOperation takes an operation out of the service, with the resource that
// it is readable as. Calls that are under way go on. It reports whether there was
// one of that name.
func (s *Service) RemoveOperation(name string) bool {
	s.mu.Lock()
	op, ok := s.byName[name]
	if ok {
		delete(s.byName, name)
		delete(s.byFold, strings.ToLower(name))
		s.ordered = slices.DeleteFunc(slices.Clone(s.ordered), func(o *Registered) bool { return o == op })
		s.dropResources(func(r *RegisteredResource) bool { return r.op == op })
		s.routes = http.NewServeMux()
		for _, other := range s.ordered {
			_ = s.reserveRoute(other) // they did not conflict before
		}
		s.revision.Add(1)
	}
	s.mu.Unlock()
	if ok {
		s.tell(Change{Tools: true, Resources: op.Resource != ""})
	}
	return ok
}

// RemoveResource takes the resource or template with this URI out of the service.
func (s *Service) RemoveResource(uri string) bool {
	s.mu.Lock()
	removed := s.dropResources(func(r *RegisteredResource) bool { return r.URI == uri })
	s.mu.Unlock()
	if removed {
		s.tell(Change{Resources: true})
	}
	return removed
}

// dropResources drops those that match; s.mu is held.
func (s *Service) dropResources(match func(*RegisteredResource) bool) bool {
	before := len(s.resources)
	s.resources = slices.DeleteFunc(slices.Clone(s.resources), match)
	s.revision.Add(1)
	return len(s.resources) < before
}

// RemovePrompt takes the prompt of this name out of the service.
func (s *Service) RemovePrompt(name string) bool {
	s.mu.Lock()
	before := len(s.prompts)
	s.prompts = slices.DeleteFunc(slices.Clone(s.prompts), func(p *RegisteredPrompt) bool { return p.Name == name })
	removed := len(s.prompts) < before
	s.revision.Add(1)
	s.mu.Unlock()
	if removed {
		s.tell(Change{Prompts: true})
	}
	return removed
}
