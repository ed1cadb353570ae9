package health

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tandem-go/tandem"
)

// The eras of the protocol, each checked in its newest revision.
const (
	EraModern = "2026-07-28" // stateless Streamable HTTP
	Era2025   = "2025-11-25" // Streamable HTTP with sessions
	EraSSE    = "2024-11-05" // HTTP+SSE
)

// ProtocolConfig configures [NewProtocol].
type ProtocolConfig struct {
	// Handler is what clients reach: the whole served handler.
	Handler http.Handler
	// Base is the base path below which Handler expects its routes; empty for none.
	Base string
	// Host is the Host of the check's requests; empty means "localhost".
	Host string
	// Context marks a request as the check's own, so that Handler needs no
	// credentials of it; nil marks nothing.
	Context func(context.Context) context.Context
	// Timeout bounds the check of each era; zero means 5 s.
	Timeout time.Duration
	// TTL is how long a result serves further callers; zero means 1 s.
	TTL time.Duration
	// Logger receives the causes of failures; nil means slog.Default().
	Logger *slog.Logger
}

// Protocol is the self-check of the MCP door.
type Protocol struct {
	service *tandem.Service
	config  ProtocolConfig
	result  *cached[ProtocolReport]
	sse     string // for the check of EraSSE alone, which never runs twice at once
}

// ProtocolReport is the answer of the self-check's route.
type ProtocolReport struct {
	Status Status         `json:"status"`
	Eras   map[string]Era `json:"eras"`
}

// Era is the verdict on one era.
type Era struct {
	Status    Status  `json:"status"`
	Tools     int     `json:"tools"` // how many tools/list returned in all
	LatencyMS float64 `json:"latency_ms"`
	// Error is the step that failed and how, without a cause from within.
	Error string `json:"error,omitempty"`

	cause error
}

// NewProtocol returns the self-check of the service's MCP door.
func NewProtocol(svc *tandem.Service, c ProtocolConfig) *Protocol {
	if c.Host == "" {
		c.Host = "localhost"
	}
	if c.Context == nil {
		c.Context = func(ctx context.Context) context.Context { return ctx }
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.TTL == 0 {
		c.TTL = defaultTTL
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Protocol{service: svc, config: c, result: newCached[ProtocolReport](c.TTL)}
}

// ServeHTTP answers 200 when every era works, else 503, with a [ProtocolReport].
// An outer router under which this very request came in is part of the check.
func (p *Protocol) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	report := p.check(r.Context(), mountOf(r, p.config.Base))
	answer(w, report.Status, report)
}

// Check reports the present state, which may be up to TTL old.
func (p *Protocol) Check(ctx context.Context) ProtocolReport { return p.check(ctx, "") }

func (p *Protocol) check(ctx context.Context, mount string) ProtocolReport {
	return p.result.get(ctx, func(ctx context.Context) ProtocolReport {
		return p.checkAll(ctx, mount)
	})
}

// mountOf returns the path under which an outer router mounted the handler and
// which it stripped: what the request line has more than the URL that arrived and
// the base path, which the handler strips itself.
func mountOf(r *http.Request, base string) string {
	full, err := url.ParseRequestURI(r.RequestURI) // which may hold a host: RFC 9112, section 3.2.2
	if err != nil {
		return ""
	}
	mount, ok := strings.CutSuffix(full.EscapedPath(), r.URL.EscapedPath())
	if !ok {
		return ""
	}
	return strings.TrimSuffix(mount, base)
}

// eras are the handshakes, in the order of their revisions.
var eras = map[string]func(context.Context, *client) (tools int, err error){
	EraModern: checkModern,
	Era2025:   check2025,
	EraSSE:    checkSSE,
}

func (p *Protocol) checkAll(ctx context.Context, mount string) ProtocolReport {
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		report = ProtocolReport{Status: OK, Eras: map[string]Era{}}
	)
	for name, handshake := range eras {
		wg.Go(func() {
			era := p.checkEra(ctx, mount, handshake)
			mu.Lock()
			defer mu.Unlock()
			report.Eras[name] = era
			if era.Status != OK {
				report.Status = Failing
				p.config.Logger.WarnContext(ctx, "MCP self-check failed", "era", name, "cause", era.cause.Error())
			}
		})
	}
	wg.Wait()
	return report
}

func (p *Protocol) checkEra(ctx context.Context, mount string, handshake func(context.Context, *client) (int, error)) Era {
	ctx, cancel := context.WithTimeout(p.config.Context(ctx), p.config.Timeout)
	defer cancel()
	c := newClient(p.config, mount, &p.sse)
	defer c.close()
	start := time.Now()
	tools, err := handshake(ctx, c)
	if want := p.tools(); err == nil && tools < want {
		err = &stepError{step: "tools/list", seen: fmt.Sprintf("%d tools of %d operations", tools, want)}
	}
	era := Era{Status: of(err == nil), Tools: tools, LatencyMS: milliseconds(time.Since(start)), cause: err}
	if err != nil {
		era.Error = public(err)
	}
	return era
}

// tools is how many operations the MCP door has to list at least.
func (p *Protocol) tools() int {
	n := 0
	for _, op := range p.service.Operations() {
		if op.Doors.Has(tandem.MCP) {
			n++
		}
	}
	return n
}

// stepError is the failure of one step of a handshake. Its text names the step
// and what a client would see; detail is for the log.
type stepError struct {
	step   string
	seen   string
	detail string
}

func (e *stepError) Error() string {
	if e.detail == "" {
		return e.step + ": " + e.seen
	}
	return e.step + ": " + e.seen + ": " + e.detail
}

// public returns what a caller may read of a failed handshake.
func public(err error) string {
	var step *stepError
	switch {
	case errors.As(err, &step):
		return step.step + ": " + step.seen
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return "the handshake failed; the log has the cause"
}

// component is the verdict as one component of the readiness.
func (r ProtocolReport) component() Component {
	c := Component{Status: r.Status}
	for name, era := range r.Eras {
		c.LatencyMS = max(c.LatencyMS, era.LatencyMS)
		if era.Status != OK {
			c.Error = name + ": " + era.Error
		}
	}
	return c
}
