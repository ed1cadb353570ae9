package tandem

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"

	"github.com/tandem-go/tandem/internal/binding"
	"github.com/tandem-go/tandem/internal/schema"
)

// Handler is the function behind an operation; a method of a domain type is
// one. In is a struct; Out is any type with a schema, struct{} for no output.
type Handler[In, Out any] func(ctx context.Context, in In) (Out, error)

// Register adds an operation to the service. For agents alone, by Doors, In may
// bring the whole schema of the arguments by a method JSONSchema; it is told and
// enforced as it is. Register panics with the operation's
// name if the registration is wrong: an illegal name or one that is taken, a
// path variable with no argument, a type with no schema, an example or a default
// that its own schema refuses. Such a mistake is the program's, and shows at
// start-up.
func Register[In, Out any](s *Service, o Operation, h Handler[In, Out]) *Registered {
	op, err := newRegistered(s, kindOperation, o, reflect.TypeFor[In](), reflect.TypeFor[Out]())
	if err == nil && h == nil {
		err = fmt.Errorf("the handler is nil")
	}
	if err == nil {
		op.handler = typed(op, h)
		err = s.add(op)
	}
	if err != nil {
		panic(fmt.Sprintf("tandem: operation %q: %v", o.Name, err))
	}
	return op
}

// What can be registered.
const (
	kindOperation = "operation"
	kindResource  = "resource"
	kindPrompt    = "prompt"
)

// hidden makes the operation behind a resource or a prompt: no tool and no route,
// but with the same validation, interceptors and errors.
func hidden[In, Out any](s *Service, kind string, o Operation, h Handler[In, Out]) *Registered {
	o.Doors = MCP
	op, err := newRegistered(s, kind, o, reflect.TypeFor[In](), reflect.TypeFor[Out]())
	if err == nil && h == nil {
		err = fmt.Errorf("the handler is nil")
	}
	if err != nil {
		panic(fmt.Sprintf("tandem: %s %q: %v", kind, o.Name, err))
	}
	op.handler = typed(op, h)
	return op
}

// typed is the innermost invoker: strict decode and validation, the handler,
// then the encoding of what it returned.
func typed[In, Out any](op *Registered, h Handler[In, Out]) Invoker {
	return func(ctx context.Context, call *Call) (Result, error) {
		if call.complete != nil {
			return Result{}, call.complete(ctx)
		}
		var in In
		fields := op.decode(ctx, call, &in)
		if len(fields)+len(call.Invalid) > 0 {
			return Result{}, InvalidFields(mergeFields(call.Invalid, fields))
		}
		if err := op.judge(ctx, &in); err != nil {
			return Result{}, err
		}
		if call.Started != nil {
			call.Started()
		}
		out, err := h(ctx, in)
		if e, ok := err.(*Error); ok && e == nil {
			err = nil // a handler that returns its nil *Error as an error means none
		}
		if err != nil {
			return Result{}, err
		}
		return op.result(&out)
	}
}

// decode reads the call's arguments into in, which is a pointer, mending them if the
// call asks for that and they are wrong.
func (r *Registered) decode(ctx context.Context, call *Call, in any) []FieldError {
	fields := r.input.Decode(ctx, call.Arguments, in)
	if len(fields) == 0 || !call.Repair {
		return fields
	}
	repaired, n := r.input.Repair(call.Arguments)
	if n == 0 {
		return fields
	}
	if fields = r.input.Decode(ctx, repaired, in); len(fields) == 0 {
		call.Repaired = n
	}
	return fields
}

// result returns the output at out as what the doors encode.
func (r *Registered) result(out any) (Result, error) {
	switch {
	case r.content:
		return Result{Blocks: blocksOf(reflect.ValueOf(out).Elem().Interface())}, nil
	case r.kind == kindPrompt:
		return Result{Messages: plainMessages(*out.(*messages))}, nil
	case r.output == nil:
		return Result{}, nil
	}
	encoded, err := r.output.Append(nil, out)
	if err != nil {
		return Result{}, fmt.Errorf("encode output: %w", err)
	}
	return Result{JSON: encoded}, nil
}

// mergeFields appends to what a door found what the validation found elsewhere:
// an argument that the door refused is not missing as well.
func mergeFields(door, validation []FieldError) []FieldError {
	all := slices.Clone(door)
	for _, f := range validation {
		if !slices.ContainsFunc(door, func(d FieldError) bool { return d.Pointer == f.Pointer }) {
			all = append(all, f)
		}
	}
	return all
}

var (
	legalName   = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	legalClass  = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	legalScope  = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`) // RFC 6749 section 3.3
	legalMethod = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
)

func newRegistered(s *Service, kind string, o Operation, in, out reflect.Type) (*Registered, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	op := &Registered{Operation: o, service: s, kind: kind, content: isContent(out), several: out == blocksType}
	var err error
	if op.input, err = compileInput(s, o, in); err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	if !op.content && kind != kindPrompt && !isNothing(out) {
		if op.output, err = s.schemas.Compile(out, schema.Options{}); err != nil {
			return nil, fmt.Errorf("output: %w", err)
		}
	}
	if err := op.checkProduces(); err != nil {
		return nil, err
	}
	if status := op.SuccessStatus(); (op.output != nil || op.content) && (status == http.StatusNoContent || status == http.StatusResetContent) {
		return nil, fmt.Errorf("status %d has no body, so the output would be lost", status)
	}
	if o.Resource != "" {
		if err := templateOf(op).prepare(); err != nil {
			return nil, err
		}
	}
	if op.plan, err = binding.New(o.Method, o.Path, op.input); err != nil {
		return nil, err
	}
	return op, nil
}

// isNothing reports whether out says that there is no output: an empty struct that
// does not make JSON of its own.
func isNothing(out reflect.Type) bool {
	return out.Kind() == reflect.Struct && out.NumField() == 0 && reflect.PointerTo(out).NumMethod() == 0
}

func compileInput(s *Service, o Operation, in reflect.Type) (*schema.Type, error) {
	if in.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v is not a struct; the arguments of an operation are the fields of one", in)
	}
	if o.Doors == MCP && schema.BringsSchema(in) {
		return s.schemas.CompileDocument(in)
	}
	t, err := s.schemas.Compile(in, schema.Options{AllowUnknown: o.AllowUnknown})
	if err == nil && !t.IsObject() {
		err = fmt.Errorf("%v is not a plain object; put the union into a field", in)
	}
	if err == nil {
		_, err = t.MCPHeaders()
	}
	return t, err
}

func (o Operation) validate() error {
	switch {
	case !legalName.MatchString(o.Name):
		return fmt.Errorf("the name must be 1 to 64 ASCII letters, digits, '_', '-' or '.'")
	case !slices.Contains(legalMethod, o.Method):
		return fmt.Errorf("method %q is not one of %v", o.Method, legalMethod)
	case o.Status != 0 && (o.Status < 200 || o.Status > 299):
		return fmt.Errorf("status %d is not one of success (200 to 299)", o.Status)
	case o.ReadOnly && o.Destructive:
		return fmt.Errorf("it cannot be both read-only and destructive")
	case o.Resource != "" && !o.ReadOnly:
		return fmt.Errorf("only a read-only operation can be read as a resource")
	case !legalClass.MatchString(o.Class):
		return fmt.Errorf("class %q must be 1 to 32 lower-case letters, digits or '-'", o.Class)
	case o.Timeout < 0:
		return fmt.Errorf("timeout %v is negative", o.Timeout)
	case o.Idempotency > Required:
		return fmt.Errorf("idempotency %d is neither Optional nor Required", o.Idempotency)
	case o.Idempotency != 0 && o.ReadOnly:
		return fmt.Errorf("a read-only operation needs no idempotency keys: it has no effect to repeat")
	case o.Doors&^allDoors != 0:
		return fmt.Errorf("doors %d names a door that does not exist", o.Doors)
	}
	for _, scope := range o.Scopes {
		if !legalScope.MatchString(scope) {
			return fmt.Errorf("scope %q must be printable ASCII without spaces, quotes and backslashes", scope)
		}
	}
	return nil
}
