package tandem

import (
	"context"
	"fmt"
)

// Policy is a rule about who may do what that scopes cannot say: a tenant, the
// owner of a thing, an hour of the day. It holds on both doors.
//
//   - It is asked twice about a call: without arguments, whether the caller may use
//     the operation at all, and with them, once they are valid and before the
//     handler runs. Lists that leave out what is forbidden ask the first question.
//   - Nil allows. An *[Error] is what the caller reads; PermissionDenied or NotFound
//     fit. Any other error refuses as well, as an internal one.
//   - It is asked after the scopes, and all policies must allow.
//   - It is safe for concurrent use, and quick: it is asked about every operation
//     whenever a list is made for a caller.
type Policy func(ctx context.Context, a Access) error

// Access is what a policy judges.
type Access struct {
	Principal *Principal // nil if nobody was established
	Operation *Registered
	// Arguments points to the operation's arguments; nil where the question is
	// whether it may be used at all.
	Arguments any
}

// PolicyOf returns the policy of an operation that takes In. It allows the use of
// the operation and judges each call by its arguments. With an operation that
// takes anything else it refuses every call.
func PolicyOf[In any](judge func(ctx context.Context, p *Principal, in In) error) Policy {
	return func(ctx context.Context, a Access) error {
		if a.Arguments == nil {
			return nil
		}
		in, ok := a.Arguments.(*In)
		if !ok {
			return fmt.Errorf("the policy judges %T, but the operation takes %T", in, a.Arguments)
		}
		return judge(ctx, a.Principal, *in)
	}
}

// Policy adds a policy for every operation, resource and prompt.
func (s *Service) Policy(p Policy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policies = append(s.policies, p)
	s.recompose()
	s.revision.Add(1)
}

// judge asks the policies about a caller, with the arguments of a call or nil.
func (r *Registered) judge(ctx context.Context, arguments any) error {
	policies := r.policies.Load()
	if policies == nil {
		return nil
	}
	a := Access{Principal: PrincipalFrom(ctx), Operation: r, Arguments: arguments}
	for _, allows := range *policies {
		err := allows(ctx, a)
		if e, ok := err.(*Error); ok && e == nil {
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// HasPolicy reports whether scopes alone do not say who may use the operation.
func (r *Registered) HasPolicy() bool { return r.policies.Load() != nil }
