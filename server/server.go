package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/health"
	"github.com/tandem-go/tandem/mcp"
	"github.com/tandem-go/tandem/openapi"
	"github.com/tandem-go/tandem/rest"
	"github.com/tandem-go/tandem/session"
)

// Server serves one service. Make one with [New]. It serves once: after it has
// stopped it cannot start again.
type Server struct {
	service  *tandem.Service
	config   Config
	hosts    hosts
	origins  origins
	proxies  proxies
	verifier *Verifiers
	limiter  *limiter
	failures *limiter
	gate     *gate
	shares   *shares
	metrics  *metrics
	tracer   *tracer
	index    index

	resources *resources  // nil where no authorization server can be found
	tls       *tls.Config // nil where Run serves plain HTTP

	state     session.Store     // nil where replicas share nothing
	observed  *observedStore    // likewise: the state with measures around it
	door      *mcp.Door         // nil where the MCP door is closed
	protocol  *health.Protocol  // likewise
	readiness *health.Readiness // of the whole
	live      http.Handler
	routes    *routes

	started  atomic.Bool
	draining atomic.Bool
	stop     func() error // once; set by New
}

// doors are the handlers of what the configuration opens; nil for what is closed.
type doors struct {
	rest     http.Handler
	mcp      *mcp.Door
	docs     http.Handler
	document *documents
}

// New composes everything that serves svc. Operations and resources are to be
// registered before. The error names each field of cfg that is wrong; listening
// beyond loopback without credentials is one such mistake. With a [Config.StateURL]
// it connects to the engine, which is [session.ErrUnavailable] if that fails.
//
// Whoever does not call [Server.Run] calls [Server.Start] before serving and
// [Server.Stop] after.
func New(svc *tandem.Service, cfg Config) (*Server, error) {
	if cfg.Logger == nil {
		cfg.Logger = svc.Logger
	}
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := checkClasses(svc, cfg.RateLimits); err != nil {
		return nil, err
	}
	if err := cfg.sealStates(svc); err != nil {
		return nil, err
	}
	origins, err := newOrigins(svc, cfg)
	if err != nil {
		return nil, err
	}
	s := &Server{
		service:  svc,
		config:   cfg,
		hosts:    newHosts(cfg),
		origins:  origins,
		proxies:  proxies(cfg.TrustedProxies),
		limiter:  newLimiter(cfg.RateLimit, limiterCapacity),
		failures: newLimiter(failureRate, limiterCapacity),
		gate:     newGate(cfg.MaxInFlight),
		shares:   newShares(cfg.MaxInFlightPerCaller),
		index:    newIndex(svc, cfg),
		live:     health.Live(),
	}
	s.stop = sync.OnceValue(s.stopAll)
	if err := s.compose(); err != nil {
		return nil, errors.Join(err, s.release(context.Background()))
	}
	return s, nil
}

// compose makes the parts, each after those that it needs.
func (s *Server) compose() (err error) {
	if s.verifier, err = s.config.OpenVerifiers(); err != nil {
		return err
	}
	if s.tls, err = s.config.tlsConfig(); err != nil {
		return err
	}
	if s.tracer, err = newTracer(s.service, s.config.Tracing); err != nil {
		return err
	}
	if s.state, err = s.config.openState(s.service.Name()); err != nil {
		return err
	}
	if s.resources, err = s.newResources(); err != nil {
		return err
	}
	s.metrics = newMetrics()
	if s.state != nil {
		s.observed = newObservedStore(s.state, s.metrics.registry)
	}
	d, err := s.openDoors()
	if err != nil {
		return err
	}
	s.metrics.registry.MustRegister(&stateCollector{service: s.service, door: s.door, draining: &s.draining})
	s.observeCalls()
	limits := newClassLimits(s.config.RateLimits)
	s.shareLimits(limits)
	if len(limits) > 0 {
		s.service.Use(limits.intercept)
	}
	s.composeHealth()
	s.routes = s.newRoutes(d)
	return nil
}

// sealStates gives the service its keys, if there are any.
func (c Config) sealStates(svc *tandem.Service) error {
	if len(c.StateKeys) == 0 {
		return nil
	}
	secrets := make([][]byte, len(c.StateKeys))
	for i, key := range c.StateKeys {
		secrets[i] = []byte(key.Reveal())
	}
	if err := svc.SetStateKeys(secrets...); err != nil {
		return fmt.Errorf("server: Config.StateKeys: %w", err)
	}
	return nil
}

func (s *Server) openDoors() (d doors, err error) {
	if s.config.Doors.Has(tandem.REST) {
		if d.rest, err = rest.New(s.service, rest.Config{
			Prefix: s.config.RESTPrefix, MaxBody: s.config.MaxBody, ResourceMetadata: s.resources.restURL(),
			HideForbidden: s.config.HideForbidden, Heartbeat: s.config.Heartbeat, WriteTimeout: s.config.WriteTimeout,
		}); err != nil {
			return d, err
		}
		if d.document, err = s.newDocuments(); err != nil {
			return d, err
		}
	}
	if s.config.Doors.Has(tandem.MCP) {
		if d.mcp, err = mcp.New(s.service, s.mcpConfig()); err != nil {
			return d, err
		}
		s.door = d.mcp
	}
	d.docs = openapi.Docs(openapi.DocsConfig{
		Title:   s.title(),
		Version: s.service.Version(),
		Doors:   s.config.Doors,
		Connect: s.config.publicOrigins(),

		Personal: s.config.HideForbidden,
	})
	return d, nil
}

func (s *Server) title() string {
	if s.service.Info.Title != "" {
		return s.service.Info.Title
	}
	return s.service.Name()
}

// mcpConfig completes the MCP door's configuration by what the server knows.
func (s *Server) mcpConfig() mcp.Config {
	c := s.config
	m := c.MCP
	if s.state != nil {
		m.Sessions = s.observed
	}
	if c.PublicURL != "" || c.BasePath != "" { // else the door takes it from the request
		base, _ := c.basePath()
		setDefault(&m.MessagesURL, base+"/mcp/messages")
	}
	setDefault(&m.MaxBody, c.MaxBody)
	setDefault(&m.Heartbeat, c.Heartbeat)
	setDefault(&m.WriteTimeout, c.WriteTimeout)
	setDefault(&m.ResourceMetadata, s.resources.mcpURL())
	m.HideForbidden = m.HideForbidden || c.HideForbidden
	return m
}

// observeCalls puts tracing and metrics around every operation.
func (s *Server) observeCalls() {
	s.service.Observe(noteOperation)
	if s.tracer != nil {
		s.service.Observe(s.tracer.intercept)
	}
	s.service.Observe(s.metrics.calls.intercept)
}

// noteOperation tells the access log which operation a request reached.
func noteOperation(next tandem.Invoker) tandem.Invoker {
	return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
		if q := requestFrom(ctx); q != nil {
			q.operation.Store(call.Operation)
		}
		return next(ctx, call)
	}
}

func (s *Server) composeHealth() {
	if s.door != nil {
		base, _ := s.config.basePath()
		s.protocol = health.NewProtocol(s.service, health.ProtocolConfig{
			Handler: s,
			Base:    base,
			Host:    s.config.publicHost(),
			Context: withSelfCheck,
			Logger:  s.config.Logger,
		})
	}
	s.readiness = health.NewReadiness(s.service, health.ReadinessConfig{
		Draining: s.draining.Load,
		Protocol: s.protocol,
		State:    s.stateCheck(),
		Logger:   s.config.Logger,
	})
}

// Handler returns the whole HTTP surface. It mounts under any path of a router
// that strips that path, or that leaves it if [Config.BasePath] is the same.
func (s *Server) Handler() http.Handler { return s }

// ServeHTTP serves one request, like the Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// Start starts the managed resources in order. Until then the doors answer 503,
// if there are any resources.
func (s *Server) Start(ctx context.Context) error {
	if err := errors.Join(s.verifier.start(ctx), s.start(ctx)); err != nil {
		return err
	}
	s.warn(ctx)
	return nil
}

func (s *Server) start(ctx context.Context) error {
	if err := s.service.Start(ctx); err != nil {
		return err
	}
	s.started.Store(true)
	return nil
}
