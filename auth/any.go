package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-go/tandem"
)

// Named is a [Verifier] that has a name for logs and explanations, such as the
// issuer that it trusts.
type Named interface {
	Name() string
}

// Verdict is what one verifier said about a token.
type Verdict struct {
	Verifier  string            // its name, or its Go type if it is not [Named]
	Took      bool              // it judges tokens of this kind, so that its verdict holds
	Principal *tandem.Principal // whose the token is; nil if it was refused
	Err       error             // why it was refused, for the log only; nil if it is good
}

// Any returns a verifier that asks the others in their order: the first one that
// does not say [ErrOtherKind] decides, also if it cannot reach a verdict. A token
// that is of no verifier's kind is refused with the reasons of all of them. Put a
// verifier that takes every token, such as introspection, last. Any panics if a
// verifier is nil.
func Any(verifiers ...Verifier) Verifier {
	var all anyOf
	for i, v := range verifiers {
		if v == nil {
			panic(fmt.Sprintf("auth: Any: verifier %d of %d is nil", i+1, len(verifiers)))
		}
		if nested, ok := v.(anyOf); ok {
			all = append(all, nested...)
			continue
		}
		all = append(all, v)
	}
	return all
}

// anyOf is never nested in itself.
type anyOf []Verifier

func (a anyOf) Verify(ctx context.Context, token string) (*tandem.Principal, error) {
	return a.judge(ctx, token, nil)
}

// judge reports to heard, if it is not nil, each verifier's verdict.
func (a anyOf) judge(ctx context.Context, token string, heard func(Verdict)) (*tandem.Principal, error) {
	var reasons []error
	for _, v := range a {
		p, err := verify(ctx, v, token)
		took := !errors.Is(err, ErrOtherKind)
		if heard != nil {
			heard(Verdict{Verifier: nameOf(v), Took: took, Principal: p, Err: err})
		}
		if took {
			return p, err
		}
		reasons = append(reasons, err)
	}
	if len(reasons) == 0 {
		return nil, fmt.Errorf("there is no verifier: %w", ErrOtherKind)
	}
	return nil, errors.Join(reasons...)
}

// Explain verifies the token as v does and returns the verdict of each verifier
// that was asked, in order. The last one holds if it [Verdict.Took] the token;
// otherwise the token is refused. What [Middleware] asks besides of a request,
// such as the certificate that a token is bound to, is not part of it.
func Explain(ctx context.Context, v Verifier, token string) []Verdict {
	all, ok := v.(anyOf)
	if !ok {
		all = anyOf{v}
	}
	var verdicts []Verdict
	_, _ = all.judge(ctx, token, func(verdict Verdict) { verdicts = append(verdicts, verdict) }) // each verdict has its error
	return verdicts
}

func nameOf(v Verifier) string {
	if named, ok := v.(Named); ok {
		return named.Name()
	}
	return fmt.Sprintf("%T", v)
}
