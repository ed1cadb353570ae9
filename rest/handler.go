// Package rest is the REST door: it decodes an HTTP request into a call of an
// operation, invokes it, and encodes the result or the error as HTTP.
//
// Results are application/json, or what the content is that a handler returned,
// errors RFC 9457 problems in application/problem+json. A caller that prefers text/event-stream gets the
// progress of its call as events; see [Handler].
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/tandem-go/tandem"
)

// Handler serves the operations of a service whose Doors include REST, also
// those that are registered later. It is safe for concurrent use.
//
// Paths match as a whole. A trailing slash is served like none, and nothing is
// ever redirected: a path with empty or dot segments is not found, while their
// escaped forms (%2e%2e, ..%2f) reach the argument decoded, but for a segment
// that is %2F alone, which is not found either.
//
// # Content
//
// An output that is content ([tandem.Blocks]) is answered as what it is: one block
// by its bytes under its media type, several as multipart/mixed (RFC 2046), a
// [tandem.Link] as the JSON that agents get, none as 204. Browsers do not run it:
// types that can hold scripts are sent as attachments.
//
// # Questions
//
// A handler that asks its caller ([tandem.Ask]) for a form or a visit ends the
// request with a 409 whose problem has the member input_required: the questions,
// and a state. The same request with the headers [StateHeader] and
// [AnswersHeader] goes on from there.
//
// # Event streams
//
// A request whose Accept prefers text/event-stream to JSON is answered by
// server-sent events: any number of "progress" (a [tandem.ProgressUpdate]), then
// one "result" (the output, null if the operation has none, content as a list of
// the blocks that agents get) or one "error" (the
// problem). The stream opens, with status 200, when the arguments are found valid
// and the handler starts; whatever is refused before that (credentials, limits,
// arguments) is a plain HTTP error, which also keeps a browser's EventSource from
// trying again. EventSource does call again when a stream ends, so its user closes
// it on the last event. Closing the connection cancels the call. So does the end of
// the caller's credentials, which the stream does not outlive: its last event is then
// the error that says so.
type Handler struct {
	svc    *tandem.Service
	cfg    Config
	routes atomic.Pointer[routes]
	build  sync.Mutex
}

// New returns the REST door of the service. The error names the field of cfg
// that is wrong.
func New(svc *tandem.Service, cfg Config) (*Handler, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Handler{svc: svc, cfg: cfg}
	h.routes.Store(newRoutes(svc, cfg.Prefix))
	return h, nil
}

// ServeHTTP answers one request: route, then decode ▸ invoke ▸ encode.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, r := h.find(r)
	if found.op == nil {
		refuseRoute(w, r, found)
		return
	}
	offers := offersOf(found.op)
	accepted := accepts(r.Header["Accept"], offers)
	if accepted == nothing {
		writeProblem(w, problem(http.StatusNotAcceptable, unacceptable(offers)))
		return
	}
	call, refusal := h.decode(w, r, found.op)
	if refusal != nil {
		writeProblem(w, *refusal)
		return
	}
	resume, refusal := resumeFrom(r.Header)
	if refusal != nil {
		writeProblem(w, *refusal)
		return
	}
	if err := takeKey(call, r.Header); err != nil {
		h.encodeError(w, r, call, err)
		return
	}
	if accepted == events && r.Method != http.MethodHead {
		h.serveEvents(w, r, call, resume)
		return
	}
	result, err := h.invoke(r.Context(), call, resume)
	h.encode(w, r, call, result, err)
}

// find returns what the request matches, of what its caller may know of.
func (h *Handler) find(r *http.Request) (*match, *http.Request) {
	if h.cfg.HideForbidden {
		return h.current().findShown(r)
	}
	return h.current().find(r)
}

func (h *Handler) invoke(ctx context.Context, call *tandem.Call, resume tandem.Resume) (tandem.Result, error) {
	return call.Operation.InvokeResumable(ctx, call, resume)
}

func (h *Handler) logger() *slog.Logger {
	if h.svc.Logger != nil {
		return h.svc.Logger
	}
	return slog.Default()
}

// current returns the routes, made anew if operations were registered since.
func (h *Handler) current() *routes {
	if rs := h.routes.Load(); rs.revision == h.svc.Revision() {
		return rs
	}
	h.build.Lock()
	defer h.build.Unlock()
	rs := h.routes.Load()
	if rs.revision != h.svc.Revision() {
		rs = newRoutes(h.svc, h.cfg.Prefix)
		h.routes.Store(rs)
	}
	return rs
}
