package securitytest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

// caseCount is how many cases there are; they are numbered from 1.
const caseCount = 54

// securityCase is one numbered rule.
type securityCase struct {
	number int
	name   string
	on     []door // where it has a meaning
	test   func(p *probe)
}

// elsewhere are the cases that this table leaves out, with the reason.
var elsewhere = map[int]string{
	51: "the service takes no descriptions from foreign sources",
	52: "nothing in the service makes requests to addresses that callers name",
}

// cases returns the table in the order of its numbers.
func cases() []securityCase {
	all := slices.Concat(tokenCases, verifierCases, sessionCases, scopeCases, originCases, bodyCases, faultCases)
	slices.SortStableFunc(all, func(a, b securityCase) int { return a.number - b.number })
	return all
}

// probe is one case on one door. It counts what was let in and what was kept
// out, since a case without both proves nothing.
type probe struct {
	*testing.T
	door door

	mu       sync.Mutex
	let, not int
}

// atATime is how many cases run at a time: most of them wait for something.
const atATime = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", atATime); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestSecurity is the table.
func TestSecurity(t *testing.T) {
	for _, c := range cases() {
		t.Run(fmt.Sprintf("%02d_%s", c.number, c.name), func(t *testing.T) {
			t.Parallel()
			for _, d := range c.on {
				t.Run(d.name, func(t *testing.T) {
					t.Parallel()
					p := &probe{T: t, door: d}
					c.test(p)
					if !t.Failed() && !t.Skipped() && (p.let == 0 || p.not == 0) {
						t.Errorf("the case proves nothing: %d requests were let in, %d kept out", p.let, p.not)
					}
				})
			}
		})
	}
}

// Every number is in the table or has a reason to be elsewhere, and every case of
// the table has a door.
func TestTableIsWhole(t *testing.T) {
	there := map[int]bool{}
	for _, c := range cases() {
		there[c.number] = true
		if len(c.on) == 0 || c.name == "" {
			t.Errorf("case %d %q runs on %d doors", c.number, c.name, len(c.on))
		}
	}
	for n := 1; n <= caseCount; n++ {
		if _, reason := elsewhere[n]; reason == there[n] {
			t.Errorf("case %d: in the table %v, elsewhere %v", n, there[n], reason)
		}
	}
}

// The duplicate names of a table would run as one.
func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases() {
		for _, d := range c.on {
			name := fmt.Sprintf("%02d_%s/%s", c.number, c.name, d.name)
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
	}
}

// accepts demands that the outcome is a result.
func (p *probe) accepts(what string, o outcome) {
	p.Helper()
	p.accepted(o.ok(), "%s: %s", what, o)
}

// accepted demands that what had to work did.
func (p *probe) accepted(good bool, format string, args ...any) {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.let++
	if !good {
		p.Errorf("it should pass: "+format, args...)
	}
}

// refuses demands that the outcome is no result and has one of these statuses.
func (p *probe) refuses(what string, o outcome, statuses ...int) {
	p.Helper()
	p.refused(!o.ok() && slices.Contains(statuses, o.status), "%s: got %s, want status %v", what, o, statuses)
}

// refused demands that what had to fail did.
func (p *probe) refused(good bool, format string, args ...any) {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.not++
	if !good {
		p.Errorf("it should be refused: "+format, args...)
	}
}
