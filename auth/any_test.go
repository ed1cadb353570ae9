package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// labelled is a verifier with a name.
type labelled struct {
	name string
	auth.VerifierFunc
}

func (l labelled) Name() string { return l.name }

func says(name string, p *tandem.Principal, err error) auth.Verifier {
	return labelled{name, func(context.Context, string) (*tandem.Principal, error) { return p, err }}
}

var (
	ann     = &tandem.Principal{Issuer: "x", Subject: "ann"}
	bob     = &tandem.Principal{Issuer: "x", Subject: "bob"}
	errBad  = errors.New("bad signature")
	errDown = tandem.Errorf(tandem.Unavailable, "no keys")
)

func otherKind(reason string) error { return fmt.Errorf("%s: %w", reason, auth.ErrOtherKind) }

// The first verifier that judges the token decides, whatever the others would
// say: what one of them refused, or could not judge, is not tried elsewhere. An
// explanation shows the same decision.
func TestAny(t *testing.T) {
	foreign := says("keys", nil, otherKind("no key"))
	for name, c := range map[string]struct {
		verifier  auth.Verifier
		principal *tandem.Principal
		err       error
		asked     []string
	}{
		"the first":         {auth.Any(says("a", ann, nil), says("b", bob, nil)), ann, nil, []string{"a"}},
		"the second":        {auth.Any(foreign, says("b", bob, nil)), bob, nil, []string{"keys", "b"}},
		"refused":           {auth.Any(says("a", nil, errBad), says("b", bob, nil)), nil, errBad, []string{"a"}},
		"no verdict":        {auth.Any(foreign, says("a", nil, errDown), says("b", bob, nil)), nil, errDown, []string{"keys", "a"}},
		"nobody's kind":     {auth.Any(foreign, foreign), nil, auth.ErrOtherKind, []string{"keys", "keys"}},
		"nested":            {auth.Any(auth.Any(foreign, foreign), auth.Any(says("a", ann, nil))), ann, nil, []string{"keys", "keys", "a"}},
		"nested, refused":   {auth.Any(auth.Any(says("a", nil, errBad)), says("b", bob, nil)), nil, errBad, []string{"a"}},
		"none":              {auth.Any(), nil, auth.ErrOtherKind, nil},
		"a single one":      {says("a", ann, nil), ann, nil, []string{"a"}},
		"without an issuer": {auth.Any(says("a", &tandem.Principal{Subject: "ann"}, nil), says("b", bob, nil)), nil, nil, []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := c.verifier.Verify(t.Context(), "token")
			if p != c.principal || c.err != nil && !errors.Is(err, c.err) || (err == nil) != (p != nil) {
				t.Errorf("got %v, %v", p, err)
			}
			verdicts := auth.Explain(t.Context(), c.verifier, "token")
			var asked []string
			for i, v := range verdicts {
				asked = append(asked, v.Verifier)
				if v.Took != !errors.Is(v.Err, auth.ErrOtherKind) || v.Took && i != len(verdicts)-1 {
					t.Errorf("verdict %d: %+v", i, v)
				}
			}
			if !slices.Equal(asked, c.asked) {
				t.Errorf("asked %v, want %v", asked, c.asked)
			}
			if last := len(verdicts) - 1; last >= 0 && verdicts[last].Principal != p {
				t.Errorf("explained as %+v", verdicts[last])
			}
		})
	}
}

// A token that is nobody's is refused with every verifier's reason, for the log.
func TestAnyReasons(t *testing.T) {
	_, err := auth.Any(says("a", nil, otherKind("no such key")), says("b", nil, otherKind("another issuer"))).Verify(t.Context(), "x")
	if err == nil || !strings.Contains(err.Error(), "no such key") || !strings.Contains(err.Error(), "another issuer") {
		t.Errorf("got %v", err)
	}
}

// A list of plain keys leaves what it does not know to the next verifier, and a
// verifier without a name is explained by its type.
func TestAnyBehindKeys(t *testing.T) {
	next := auth.VerifierFunc(func(context.Context, string) (*tandem.Principal, error) { return ann, nil })
	both := auth.Any(keyring(t), next)
	if p, err := both.Verify(t.Context(), "something-else"); p != ann {
		t.Errorf("got %v, %v", p, err)
	}
	if p, err := both.Verify(t.Context(), goodKey); err != nil || p.Issuer != "api-key" {
		t.Errorf("got %v, %v", p, err)
	}
	verdicts := auth.Explain(t.Context(), both, "something-else")
	if len(verdicts) != 2 || verdicts[0].Verifier != "API_KEYS" || verdicts[1].Verifier != "auth.VerifierFunc" {
		t.Errorf("got %+v", verdicts)
	}
}

// A verifier that is nil panics where it is given, not at the first request.
func TestAnyNil(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	auth.Any(keyring(t), nil)
}
