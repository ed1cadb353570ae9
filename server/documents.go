package server

import (
	"context"
	"net/http"
	"sync"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/openapi"
)

// documents are the OpenAPI documents: one for everybody, or, where operations
// are hidden from those who may not use them, one for each set of operations.
type documents struct {
	service *tandem.Service
	whole   *derived[*openapi.Document]
	build   func(visible func(*tandem.Registered) bool) (*openapi.Document, error)
	hide    bool

	mu       sync.Mutex
	revision uint64
	views    map[string]*openapi.Document // by what is visible
}

// mostViews bounds the documents that are kept. Callers whose rights differ in
// more ways have theirs made anew.
const mostViews = 64

func (s *Server) newDocuments() (*documents, error) {
	d := &documents{service: s.service, build: s.document, hide: s.config.HideForbidden, views: map[string]*openapi.Document{}}
	var err error
	d.whole, err = newDerived(s.service, func() (*openapi.Document, error) { return s.document(nil) }, s.stale)
	return d, err
}

// of returns the document for the caller of ctx.
func (d *documents) of(ctx context.Context) (*openapi.Document, error) {
	if !d.hide {
		return d.whole.get(), nil
	}
	revision := d.service.Revision()
	view := d.viewOf(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.revision != revision {
		d.revision = revision
		clear(d.views)
	}
	if known := d.views[string(view.key)]; known != nil {
		return known, nil
	}
	document, err := d.build(view.shows)
	if err != nil {
		return nil, err
	}
	if len(d.views) >= mostViews {
		clear(d.views)
	}
	d.views[string(view.key)] = document
	return document, nil
}

// view is what one caller may use.
type view struct {
	names map[string]bool
	key   []byte // tells views of one revision apart
}

func (d *documents) viewOf(ctx context.Context) view {
	v := view{names: map[string]bool{}}
	for _, op := range d.service.Operations() {
		mark := byte('-')
		if op.Authorize(ctx) == nil {
			v.names[op.Name] = true
			mark = '+'
		}
		v.key = append(v.key, mark)
	}
	return v
}

func (v view) shows(op *tandem.Registered) bool { return v.names[op.Name] }

// serveDocument returns the handler of one form of the documents.
func (s *Server) serveDocument(d *documents, contentType string, form func(*openapi.Document) []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document, err := d.of(r.Context())
		if err != nil {
			s.stale(err)
			writeProblem(w, tandem.Errorf(tandem.Unavailable, "the document cannot be made at the moment"))
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-cache")
		if d.hide {
			w.Header().Set("Cache-Control", "private, no-cache")
			w.Header().Add("Vary", "Authorization")
		}
		_, _ = w.Write(form(document)) // the caller may be gone; there is nobody else to tell
	})
}

// identify establishes the caller of a document, who needs no credentials to see
// what anybody may use. Credentials that are not good are refused: who sends some
// means to see more.
func (s *Server) identify(next http.Handler) http.Handler {
	if !s.config.HideForbidden {
		return next
	}
	if !s.config.hasCredentials() {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(withLocal(r.Context())))
		})
	}
	known := s.authenticate(s.limitRate(s.limitShare(next)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.sentCredentials(r) {
			known.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sentCredentials reports whether the request has anything that a verifier judges.
func (s *Server) sentCredentials(r *http.Request) bool {
	return len(r.Header["Authorization"]) > 0 ||
		s.config.Certificates != nil && r.TLS != nil && len(r.TLS.VerifiedChains) > 0
}
