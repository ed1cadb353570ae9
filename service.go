package tandem

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tandem-go/tandem/internal/schema"
	"github.com/tandem-go/tandem/internal/seal"
)

// Info describes a service to the people and the models that use it. Every
// field is optional.
type Info struct {
	Title          string // for people; empty means the service's name
	Description    string // Markdown
	Instructions   string // for models: how the tools are meant to be used together
	TermsOfService string // URL
	ContactName    string
	ContactURL     string
	ContactEmail   string
	License        string // SPDX identifier, such as "MIT"
}

// Tag is a group of operations and a toolset.
type Tag struct {
	Name        string
	Description string
}

// Service is a set of operations with what they share. Make one with [New],
// register operations, then hand it to the doors or to package server. It is
// safe for concurrent use; the exported fields are set before it is served.
type Service struct {
	// Info describes the service.
	Info Info
	// Logger receives causes of internal errors and lifecycle events; nil means
	// slog.Default().
	Logger *slog.Logger

	name    string
	version string
	schemas *schema.Registry

	revision atomic.Uint64
	seal     atomic.Pointer[seal.Keys]
	scopes   atomic.Pointer[hierarchy]

	mu        sync.RWMutex
	ordered   []*Registered
	byName    map[string]*Registered
	byFold    map[string]string // lower-case name → name
	routes    *http.ServeMux    // only to find conflicting routes
	tags      []Tag
	observers []Interceptor
	used      []Interceptor
	policies  []Policy
	lifecycle lifecycle
	resources []*RegisteredResource
	prompts   []*RegisteredPrompt

	changes   sync.Mutex
	listeners map[*func(Change)]struct{}
}

// New returns an empty service. It panics if name or version is empty.
func New(name, version string) *Service {
	if name == "" || version == "" {
		panic("tandem: New needs a service name and a version")
	}
	s := &Service{
		name:    name,
		version: version,
		schemas: schema.NewRegistry(),
		byName:  map[string]*Registered{},
		byFold:  map[string]string{},
		routes:  http.NewServeMux(),
	}
	if err := s.SetStateKeys(); err != nil {
		panic("tandem: " + err.Error()) // not reachable: random keys are good
	}
	return s
}

// SetStateKeys sets the secrets, of at least 32 bytes each, that seal the states
// which callers without a session carry between the rounds of [Ask]. The first one
// seals, all of them open. Replicas need the same; without any, which is how a
// service begins, there is a random one.
func (s *Service) SetStateKeys(secrets ...[]byte) error {
	keys, err := seal.New(secrets...)
	if err != nil {
		return fmt.Errorf("state keys: %w", err)
	}
	s.seal.Store(keys)
	return nil
}

// Name returns the service's name.
func (s *Service) Name() string { return s.name }

// Version returns the service's version.
func (s *Service) Version() string { return s.version }

// Schemas returns the registry of named schemas, for the doors of this module.
func (s *Service) Schemas() *schema.Registry { return s.schemas }

// Tag describes a tag that operations carry. Operations may carry tags that
// are not described. It panics if the tag is described already.
func (s *Service) Tag(name, description string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.tags, func(t Tag) bool { return t.Name == name }) {
		panic(fmt.Sprintf("tandem: tag %q is described already", name))
	}
	s.tags = append(s.tags, Tag{Name: name, Description: description})
}

// Tags returns the described tags in the order of description, then the other
// tags of operations in the order of registration.
func (s *Service) Tags() []Tag {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := slices.Clone(s.tags)
	for _, op := range s.ordered {
		for _, name := range op.Tags {
			if !slices.ContainsFunc(all, func(t Tag) bool { return t.Name == name }) {
				all = append(all, Tag{Name: name})
			}
		}
	}
	return all
}

// Use adds interceptors inside the authorization: they see only calls that the
// caller may make. The first one added is outermost.
func (s *Service) Use(interceptors ...Interceptor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = append(s.used, interceptors...)
	s.recompose()
}

// Observe adds interceptors outside the authorization: they see every call,
// refused ones too, as tracing, metrics and audit need. The first one added is
// outermost.
func (s *Service) Observe(interceptors ...Interceptor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observers = append(s.observers, interceptors...)
	s.recompose()
}

// Operations returns the operations in the order of registration.
func (s *Service) Operations() []*Registered {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.ordered)
}

// Revision changes whenever an operation is added, so that a door can tell
// cheaply whether what it derived from the operations is still true.
func (s *Service) Revision() uint64 { return s.revision.Load() }

// Operation returns the operation of this name.
func (s *Service) Operation(name string) (*Registered, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	op, ok := s.byName[name]
	return op, ok
}

// Invoke carries out the operation of this name as a door would, with the
// principal of ctx. No arguments count as an empty object. The error is nil or an
// *[Error].
func (s *Service) Invoke(ctx context.Context, name string, arguments []byte) (Result, error) {
	op, ok := s.Operation(name)
	if !ok {
		return Result{}, Errorf(NotFound, "no operation %q", name)
	}
	if len(arguments) == 0 {
		arguments = []byte("{}")
	}
	return op.Invoke(ctx, &Call{Operation: op, Arguments: arguments})
}

func (s *Service) logger() *slog.Logger {
	if s.Logger != nil {
		return s.Logger
	}
	return slog.Default()
}

// add enters the operation, refusing a name or a route that is taken.
func (s *Service) add(op *Registered) error {
	s.mu.Lock()
	err := s.enter(op)
	s.mu.Unlock()
	if err == nil {
		s.tell(Change{Tools: true, Resources: op.Resource != ""})
	}
	return err
}

// enter enters the operation; s.mu is held.
func (s *Service) enter(op *Registered) error {
	fold := strings.ToLower(op.Name)
	if taken, ok := s.byFold[fold]; ok {
		return fmt.Errorf("the name is taken by operation %q (names are compared without case)", taken)
	}
	if err := s.reserveRoute(op); err != nil {
		return err
	}
	if op.Resource != "" {
		r := templateOf(op)
		if err := errors.Join(r.prepare(), s.enterResource(r)); err != nil {
			return err
		}
	}
	s.ordered = append(s.ordered, op)
	s.byName[op.Name] = op
	s.byFold[fold] = op.Name
	s.compose(op)
	s.revision.Add(1)
	return nil
}

// registeredAt is what a ServeMux says of where a pattern was registered: always here.
var registeredAt = regexp.MustCompile(` \(registered at [^)]*\)`)

// reserveRoute lets a ServeMux judge whether two routes conflict.
func (s *Service) reserveRoute(op *Registered) (err error) {
	if !op.Doors.Has(REST) {
		return nil
	}
	defer func() {
		if conflict := recover(); conflict != nil {
			err = errors.New(registeredAt.ReplaceAllString(fmt.Sprint(conflict), ""))
		}
	}()
	s.routes.Handle(op.route(), http.NotFoundHandler())
	return nil
}

// recompose composes every operation anew; s.mu is held.
func (s *Service) recompose() {
	for _, op := range s.ordered {
		s.compose(op)
	}
	for _, r := range s.resources {
		s.compose(r.op)
	}
	for _, p := range s.prompts {
		s.compose(p.op)
	}
}

// compose sets the operation's invoker:
// recover ▸ observers ▸ authorize ▸ used ▸ the operation's own ▸ timeout ▸ handler.
func (s *Service) compose(op *Registered) {
	inner := op.handler
	if op.Timeout > 0 {
		inner = withTimeout(op.Timeout)(inner)
	}
	inner = compose(inner, op.Interceptors...)
	inner = compose(inner, s.used...)
	inner = compose(authorize(inner), s.observers...)
	inner = s.sanitize(inner)
	if policies := append(slices.Clone(s.policies), op.ownPolicies()...); len(policies) > 0 {
		op.policies.Store(&policies)
	}
	op.invoker.Store(&inner)
}
