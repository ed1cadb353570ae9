package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// explanation is the answer of tandem auth explain. As JSON, scripts read it: a
// member's meaning stays.
type explanation struct {
	Pass       bool              `json:"pass"`
	Conclusion string            `json:"conclusion"`
	Verdicts   []verdict         `json:"verdicts"`            // of each verifier that was asked, in order
	Principal  *principal        `json:"principal,omitempty"` // none if the token is refused
	Operation  *operationVerdict `json:"operation,omitempty"` // none if none was asked for
}

type verdict struct {
	Verifier string `json:"verifier"`
	// Outcome is "accepted", "refused", "other kind" (the next verifier is asked) or
	// "no verdict" (callers get a 503).
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
}

const (
	accepted  = "accepted"
	refused   = "refused"
	otherKind = "other kind"
	noVerdict = "no verdict"
)

type principal struct {
	Issuer   string     `json:"issuer"`
	Subject  string     `json:"subject"`
	ClientID string     `json:"client_id,omitempty"`
	Name     string     `json:"name,omitempty"`
	Scopes   []string   `json:"scopes"`
	Expires  *time.Time `json:"expires"`
}

type operationVerdict struct {
	Name    string         `json:"name"`
	Scopes  []scopeVerdict `json:"scopes"`
	Missing []string       `json:"missing"`
	// Policy says that a function in the service decides too, which nobody outside
	// can tell.
	Policy bool `json:"policy"`
}

type scopeVerdict struct {
	Scope string `json:"scope"`
	Held  bool   `json:"held"`
	By    string `json:"by,omitempty"` // the scope of the token that grants it
}

// judged is what the verifiers say of a token.
func judged(verdicts []auth.Verdict, token string) *explanation {
	e := &explanation{Verdicts: []verdict{}}
	for _, v := range verdicts {
		e.Verdicts = append(e.Verdicts, verdict{v.Verifier, outcome(v), reason(v.Err, token)})
		if v.Took && v.Err == nil {
			e.Principal = describePrincipal(v.Principal)
		}
	}
	return e
}

func outcome(v auth.Verdict) string {
	switch code := tandem.CodeOf(v.Err); {
	case v.Err == nil:
		return accepted
	case !v.Took:
		return otherKind
	case code == tandem.Unavailable, code == tandem.ResourceExhausted:
		return noVerdict
	}
	return refused
}

// reason is an error with its private cause, which whoever has the service's
// environment may read, but never with the token.
func reason(err error, token string) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if e, ok := errors.AsType[*tandem.Error](err); ok && e.Unwrap() != nil {
		text += ": " + e.Unwrap().Error()
	}
	text = strings.ReplaceAll(text, token, "[redacted]")
	return strings.TrimSuffix(text, ": "+auth.ErrOtherKind.Error())
}

func describePrincipal(p *tandem.Principal) *principal {
	name, _ := p.Claims["name"].(string)
	return &principal{p.Issuer, p.Subject, p.ClientID, name, append([]string{}, p.Scopes...), orNull(p.Expires)}
}

// weigh compares the token with what an operation needs.
func (e *explanation) weigh(n *needs) {
	o := &operationVerdict{Name: n.operation, Policy: n.policy, Scopes: []scopeVerdict{}, Missing: []string{}}
	for _, scope := range n.scopes {
		by := ""
		if e.Principal != nil {
			by = grantedBy(scope, e.Principal.Scopes, n.implies)
		}
		o.Scopes = append(o.Scopes, scopeVerdict{scope, by != "", by})
		if by == "" {
			o.Missing = append(o.Missing, scope)
		}
	}
	e.Operation = o
}

// grantedBy returns the scope that grants another one: itself, "*", or one that
// implies it at some distance. It is empty if none does.
func grantedBy(scope string, held []string, implies map[string][]string) string {
	for _, exact := range []string{scope, tandem.AllScopes} {
		if slices.Contains(held, exact) {
			return exact
		}
	}
	for _, broad := range held {
		if reaches(broad, scope, implies, map[string]bool{}) {
			return broad
		}
	}
	return ""
}

func reaches(from, to string, implies map[string][]string, seen map[string]bool) bool {
	if seen[from] {
		return false
	}
	seen[from] = true
	return slices.ContainsFunc(implies[from], func(narrow string) bool {
		return narrow == to || reaches(narrow, to, implies, seen)
	})
}

// conclude says whether a call would pass, and why.
func (e *explanation) conclude() {
	e.Pass = e.Principal != nil && (e.Operation == nil || len(e.Operation.Missing) == 0)
	switch {
	case len(e.Verdicts) == 0:
		e.Conclusion = "The environment configures no credentials, so that nobody is asked: set API_KEYS_FILE, API_KEYS or AUTH_ISSUER as the service has them."
	case e.Principal == nil:
		e.Conclusion = e.whyRefused()
	case e.Operation == nil:
		e.Conclusion = "The token is accepted."
	case !e.Pass:
		e.Conclusion = fmt.Sprintf("A call of %s would fail with 403 (insufficient_scope): the token lacks %s.",
			e.Operation.Name, strings.Join(e.Operation.Missing, ", "))
	case e.Operation.Policy:
		e.Conclusion = fmt.Sprintf("A call of %s would pass as far as can be told: the service also asks a policy of its own, which may refuse it.", e.Operation.Name)
	default:
		e.Conclusion = fmt.Sprintf("A call of %s would pass.", e.Operation.Name)
	}
}

func (e *explanation) whyRefused() string {
	last := e.Verdicts[len(e.Verdicts)-1]
	switch last.Outcome {
	case noVerdict:
		return fmt.Sprintf("Every call would fail with 503: %s cannot tell whether the token is good.", last.Verifier)
	case refused:
		return fmt.Sprintf("Every call would fail with 401: %s refuses the token.", last.Verifier)
	}
	return "Every call would fail with 401: the token is of no kind that any verifier takes."
}

// print writes the explanation for people.
func (e *explanation) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(label, format string, args ...any) {
		_, _ = fmt.Fprintf(t, "%s\t%s\n", label, printable(fmt.Sprintf(format, args...))) // Flush has the error
	}
	for _, v := range e.Verdicts {
		line("verifier", "%s: %s%s", v.Verifier, v.Outcome, after(": ", v.Reason))
	}
	if p := e.Principal; p != nil {
		line("principal", "%s of %s%s%s", p.Subject, p.Issuer, after(", named ", p.Name), after(", client ", p.ClientID))
		line("scopes", "%s", orDash(strings.Join(p.Scopes, ", ")))
		line("expires", "%s", expiry(p.Expires, time.Now()))
	}
	if o := e.Operation; o != nil {
		line("operation", "%s%s", o.Name, map[bool]string{true: ", with a policy of its own"}[o.Policy])
		for _, s := range o.Scopes {
			line("needs", "%s: %s", s.Scope, s.text())
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, e.Conclusion)
	return err
}

func (s scopeVerdict) text() string {
	switch s.By {
	case "":
		return "missing"
	case s.Scope:
		return "held"
	}
	return "held by " + s.By
}

// printable replaces what could steer a terminal: a token's subject is anybody's text.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return unicode.ReplacementChar
		}
		return c
	}, s)
}

// after is text with something before it, nothing if there is none.
func after(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

func expiry(at *time.Time, now time.Time) string {
	if at == nil {
		return "never"
	}
	return fmt.Sprintf("%s, in %v", at.UTC().Format(time.RFC3339), at.Sub(now).Round(time.Second))
}
