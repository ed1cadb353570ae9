package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
)

// observe is the outermost layer of a route: it gives the request its id, bounds
// it in time, and tells the span, the log and the metrics how it ended.
func (s *Server) observe(rt *route, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := s.newRequest(w, r, rt)
		q.writer.closing = s.draining.Load
		w.Header().Set("X-Request-Id", q.id)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		boundBody(w, r, s.config.BodyTimeout)
		q.writer.extend()
		ctx := withRequest(r.Context(), q)
		quiet := isSelfCheck(ctx)
		if !quiet {
			ctx = s.tracer.startHTTP(ctx, q, r)
			s.metrics.http.begin()
			defer s.finish(q, r)
		}
		s.recover(q, next, r.WithContext(ctx))
	})
}

// recover carries the request out and turns a panic into a 500, or into the end
// of the connection if the response has begun.
func (s *Server) recover(q *request, next http.Handler, r *http.Request) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v)
		}
		s.config.Logger.ErrorContext(r.Context(), "request panicked",
			"request_id", q.id, "route", q.route.name, "cause", fmt.Sprint(v), "stack", string(debug.Stack()))
		if q.writer.status != 0 {
			panic(http.ErrAbortHandler)
		}
		for _, ofBody := range []string{"Content-Encoding", "Content-Disposition", "Etag", "Last-Modified"} {
			q.writer.Header().Del(ofBody)
		}
		e := tandem.Errorf(tandem.Internal, "internal error; the service's log has the cause under the correlation id")
		e.CorrelationID = q.id
		writeProblem(&q.writer, e)
	}()
	next.ServeHTTP(&q.writer, r)
	if q.writer.status == 0 {
		q.writer.WriteHeader(http.StatusOK)
	}
}

// finish reports how the request ended.
func (s *Server) finish(q *request, r *http.Request) {
	took := time.Since(q.start)
	name := q.routeName(s.config.RESTPrefix)
	s.metrics.http.end(name, r.Method, q.writer.status, took, isStream(&q.writer))
	s.tracer.finishHTTP(q, name)
	s.logAccess(q, r, name, took)
}

func isStream(w http.ResponseWriter) bool {
	return strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream")
}

// logAccess writes the line of one request. It holds nothing that a caller keeps
// secret: no header, and of the query the names alone.
func (s *Server) logAccess(q *request, r *http.Request, route string, took time.Duration) {
	level := slog.LevelInfo
	if q.route.kind == kindHealth {
		level = slog.LevelDebug
	}
	if !s.config.Logger.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", clip(r.Method, 16)),
		slog.String("route", route),
		slog.String("path", clip(r.URL.EscapedPath(), 256)),
		slog.Int("status", q.writer.status),
		slog.Int64("bytes", q.writer.bytes),
		slog.Duration("duration", took),
		slog.String("request_id", q.id),
		slog.String("client", addressText(q)),
	}
	if r.URL.RawQuery != "" {
		attrs = append(attrs, slog.String("query", redactQuery(r.URL.RawQuery)))
	}
	if q.principal != nil {
		attrs = append(attrs, slog.String("principal", q.principal.Subject))
	}
	s.config.Logger.LogAttrs(r.Context(), level, "request", attrs...)
}

// redactQuery keeps the names of a query's parameters, in order, and none of
// their values.
func redactQuery(raw string) string {
	values, err := url.ParseQuery(clip(raw, 1024))
	if err != nil {
		return redacted
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, url.QueryEscape(name)+"="+redacted)
	}
	slices.Sort(names)
	return strings.Join(names, "&")
}

// clip bounds what one request can write into a log.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
