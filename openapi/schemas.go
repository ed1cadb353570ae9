package openapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/schema"
)

// schemas hands out references to components and remembers which are used.
type schemas struct {
	registry *schema.Registry
	used     map[string]bool
}

func newSchemas(r *schema.Registry) *schemas {
	return &schemas{registry: r, used: map[string]bool{}}
}

var reference = regexp.MustCompile(`"\$ref":\s*"#/components/schemas/([^"]+)"`)

// note marks the components that a schema refers to as used, and returns it.
func (s *schemas) note(text []byte) []byte {
	for _, m := range reference.FindAllSubmatch(text, -1) {
		s.used[string(m[1])] = true
	}
	return text
}

// problem returns the reference to the problem document's component.
func (s *schemas) problem() ([]byte, error) {
	t, err := s.registry.Compile(reflect.TypeFor[tandem.Problem](), schema.Options{})
	if err != nil {
		return nil, fmt.Errorf("the problem document: %w", err)
	}
	return s.note(t.Ref()), nil
}

// reachable returns the components that are used, directly or by others, in
// the order of their names.
func (s *schemas) reachable() (object, error) {
	texts := map[string][]byte{}
	for len(texts) < len(s.used) {
		for name := range s.used {
			text, ok := s.registry.Component(name)
			if !ok {
				return nil, fmt.Errorf("schema component %q is referred to, but does not exist", name)
			}
			texts[name] = s.note(text)
		}
	}
	names := make([]string, 0, len(texts))
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	var components object
	for _, name := range names {
		components.raw(name, texts[name])
	}
	return components, nil
}

// without returns a schema without some of its own keywords.
func without(text []byte, keywords ...string) (json.RawMessage, error) {
	members, err := membersOf(text)
	if err != nil {
		return nil, err
	}
	members = slices.DeleteFunc(members, func(m member) bool { return slices.Contains(keywords, m.name) })
	return members.MarshalJSON()
}
