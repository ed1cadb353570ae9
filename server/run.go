package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

// maxHeaderBytes bounds a request's header.
const maxHeaderBytes = 64 << 10

// stopGrace is what the managed resources get to stop, whatever the drain took.
const stopGrace = 5 * time.Second

// Run serves until ctx ends, then drains: it starts the managed resources in
// order, listens, and when ctx ends
//
//  1. turns the readiness to 503 and goes on working for Config.DrainDelay,
//  2. refuses new work with 503,
//  3. lets the calls that were accepted finish, and ends the streams,
//  4. closes the listener and the connections,
//  5. stops the resources in reverse order.
//
// It returns nil after a complete drain. Config.ShutdownGrace bounds 1 to 4.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Start(ctx); err != nil {
		return errors.Join(err, s.stop())
	}
	listeners, err := s.listen(ctx)
	if err != nil {
		return errors.Join(err, s.stop())
	}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- l.serve() }()
	}
	select {
	case err = <-failed:
		err = fmt.Errorf("server: %w", err)
	case <-ctx.Done():
	}
	return errors.Join(err, s.shutdown(listeners), s.stop())
}

// listening is one listener with its server.
type listening struct {
	net.Listener
	server    *http.Server
	inherited bool // somebody else keeps the socket
}

// serve returns nil once the server was shut down.
func (l listening) serve() error {
	serve := l.server.Serve
	if l.server.TLSConfig != nil {
		serve = func(listener net.Listener) error { return l.server.ServeTLS(listener, "", "") }
	}
	err := serve(l.Listener)
	if errors.Is(err, http.ErrServerClosed) || l.inherited && errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// listen opens the listeners: the main one first.
func (s *Server) listen(ctx context.Context) ([]listening, error) {
	main := s.config.Listener
	if main == nil {
		var err error
		if main, err = new(net.ListenConfig).Listen(ctx, "tcp", s.config.Addr); err != nil {
			return nil, fmt.Errorf("server: %w", err)
		}
	}
	server := s.httpServer(s)
	server.TLSConfig = s.tls
	open := []listening{{main, server, s.config.inherited}}
	if s.config.MetricsAddr != "" {
		metrics, err := new(net.ListenConfig).Listen(ctx, "tcp", s.config.MetricsAddr)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("server: metrics: %w", err), main.Close())
		}
		open = append(open, listening{metrics, s.metricsServer(), false})
	}
	s.announce(ctx, open)
	return open, nil
}

func (s *Server) announce(ctx context.Context, open []listening) {
	base, _ := s.config.basePath()
	main := open[0].Addr()
	s.config.Logger.InfoContext(ctx, "serving",
		"service", s.service.Name(), "version", s.service.Version(), "addr", main.String(),
		"url", s.scheme()+"://"+reachable(main)+base+"/", "doors", s.config.Doors.String())
	for _, metrics := range open[1:] {
		s.config.Logger.InfoContext(ctx, "serving metrics", "url", "http://"+reachable(metrics.Addr())+"/metrics")
	}
}

// scheme is by what Run's listener is spoken to.
func (s *Server) scheme() string {
	if s.tls != nil {
		return "https"
	}
	return "http"
}

// reachable returns the address under which this machine reaches a listener,
// which for one on every address is none of its own.
func reachable(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return addr.String()
}

// httpServer bounds everything but the whole of a response, which may be a stream.
func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.config.HeaderTimeout,
		IdleTimeout:       s.config.IdleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug),
	}
}

// metricsServer serves MetricsAddr, where no answer is a stream.
func (s *Server) metricsServer() *http.Server {
	server := s.httpServer(s.metricsAlone())
	server.ReadTimeout, server.WriteTimeout = s.config.HeaderTimeout, s.config.WriteTimeout
	return server
}

// metricsAlone is what MetricsAddr serves.
func (s *Server) metricsAlone() http.Handler {
	handler := s.metrics.handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" && r.URL.Path != "/metrics/" {
			notFound(w, r)
			return
		}
		only(handler, http.MethodGet, http.MethodHead).ServeHTTP(w, r)
	})
}

// shutdown drains and closes the listeners, within the grace period.
func (s *Server) shutdown(listeners []listening) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.ShutdownGrace)
	defer cancel()
	var err error
	for _, l := range listeners {
		err = errors.Join(err, l.handOver())
	}
	err = errors.Join(err, s.Drain(ctx))
	for _, l := range listeners {
		if failed := l.server.Shutdown(ctx); failed != nil {
			err = errors.Join(err, fmt.Errorf("server: connections were cut: %w", failed), l.server.Close())
		}
	}
	return err
}

// Drain ends the work: the readiness turns to 503, after Config.DrainDelay new
// requests are refused, and Drain returns when the accepted ones are answered or
// ctx ends, whose error it returns then.
func (s *Server) Drain(ctx context.Context) error {
	begun := time.Now()
	if s.draining.Swap(true) {
		return s.gate.wait(ctx)
	}
	s.config.Logger.InfoContext(ctx, "draining", "in_flight", s.gate.count())
	pause(ctx, s.config.DrainDelay)
	s.gate.close()
	var err error
	if s.door != nil {
		err = s.door.Drain(ctx)
	}
	err = errors.Join(err, s.gate.wait(ctx))
	if err != nil {
		err = fmt.Errorf("server: requests in flight at the end of the drain: %d: %w", s.gate.count(), err)
	}
	s.config.Logger.InfoContext(ctx, "drained", "duration", time.Since(begun), "complete", err == nil)
	return err
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Stop releases what New and Start took: it ends the MCP door with what is still
// open there, stops the managed resources in reverse order, and sends the last
// spans. Drain comes before it if calls are to finish.
func (s *Server) Stop() error { return s.stop() }

func (s *Server) stopAll() error {
	s.draining.Store(true)
	s.gate.close()
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	door := errors.Join(s.closeDoor(), s.closeState())
	stopped := s.service.Stop(ctx)
	return errors.Join(door, stopped, s.verifier.Close(ctx), s.tracer.close(ctx))
}

// release undoes what a failed New has made.
func (s *Server) release(ctx context.Context) error {
	return errors.Join(s.closeDoor(), s.closeState(), s.verifier.Close(ctx), s.tracer.close(ctx))
}

// closeState leaves the replicas, once nothing needs the state any more.
func (s *Server) closeState() error {
	if s.state == nil {
		return nil
	}
	return s.state.Close()
}

func (s *Server) closeDoor() error {
	if s.door == nil {
		return nil
	}
	return s.door.Close()
}

// ServeStdio serves MCP on a pair of streams instead of HTTP, until in ends or
// ctx does. The caller is the one who started the program, and may do everything.
func (s *Server) ServeStdio(ctx context.Context, in io.Reader, out io.Writer) error {
	if s.door == nil {
		return errors.New("server: stdio serves MCP, but DOORS (Config.Doors) leaves it closed")
	}
	if err := s.start(ctx); err != nil {
		return errors.Join(err, s.stop())
	}
	err := s.door.ServeStdio(withLocal(ctx), in, out)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // it was asked to end
	}
	return errors.Join(err, s.stop())
}
