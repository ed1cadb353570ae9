package tandem

import (
	"fmt"
	"maps"
	"slices"
)

// hierarchy says which scopes imply which. It is immutable; the zero value has
// no implications.
type hierarchy struct {
	direct map[string][]string // broad → narrow, as they were given
	broad  map[string][]string // narrow → every scope that implies it, at any distance
}

// ImplyScopes says that whoever holds the broad scope holds the narrow ones too,
// and what these imply. It panics if a scope is none or implies itself.
func (s *Service) ImplyScopes(broad string, narrow ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	direct := map[string][]string{}
	if h := s.scopes.Load(); h != nil {
		direct = maps.Clone(h.direct)
	}
	for _, scope := range append([]string{broad}, narrow...) {
		if !legalScope.MatchString(scope) || scope == AllScopes {
			panic(fmt.Sprintf("tandem: ImplyScopes: %q is not the name of one scope", scope))
		}
	}
	direct[broad] = append(slices.Clone(direct[broad]), narrow...)
	h, err := newHierarchy(direct)
	if err != nil {
		panic("tandem: ImplyScopes: " + err.Error())
	}
	s.scopes.Store(h)
	s.revision.Add(1)
}

// ImpliedScopes returns, for each broad scope, those that it implies directly.
func (s *Service) ImpliedScopes() map[string][]string {
	if h := s.scopes.Load(); h != nil {
		return maps.Clone(h.direct)
	}
	return nil
}

// Holds reports whether the principal holds the scope, or one that implies it.
func (s *Service) Holds(p *Principal, scope string) bool {
	if p.Has(scope) {
		return true
	}
	h := s.scopes.Load()
	return h != nil && slices.ContainsFunc(h.broad[scope], p.Has)
}

func newHierarchy(direct map[string][]string) (*hierarchy, error) {
	h := &hierarchy{direct: direct, broad: map[string][]string{}}
	for broad := range direct {
		for narrow := range reachable(direct, broad) {
			if narrow == broad {
				return nil, fmt.Errorf("scope %q implies itself", broad)
			}
			h.broad[narrow] = append(h.broad[narrow], broad)
		}
	}
	return h, nil
}

// reachable returns what a scope implies at any distance.
func reachable(direct map[string][]string, from string) map[string]bool {
	found := map[string]bool{}
	queue := slices.Clone(direct[from])
	for len(queue) > 0 {
		scope := queue[0]
		queue = queue[1:]
		if !found[scope] {
			found[scope] = true
			queue = append(queue, direct[scope]...)
		}
	}
	return found
}
