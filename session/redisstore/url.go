package redisstore

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// address is where the engine is.
type address struct {
	options *redis.Options // of the first host
	hosts   []string       // host:port of each
	cluster bool
	shown   string // the URL without its password
}

// parseURL reads a URL of the form
//
//	redis://user:password@host:port/database
//	rediss://user:password@host1:port,host2:port/?cluster=true
//
// Several hosts are nodes of a cluster.
func parseURL(text string) (address, error) {
	a := address{shown: redact(text)}
	fail := func(reason string) (address, error) {
		return a, fmt.Errorf("redisstore: %s: %s; it must look like redis://user:password@host:6379/0, or redis://host1,host2/?cluster=true", a.shown, reason)
	}
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "redis" && scheme != "rediss" {
		return fail("the URL's scheme is not redis or rediss")
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@') + 1
	hosts := strings.Split(rest[at:end], ",")
	path, query, _ := strings.Cut(rest[end:], "?")
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return fail("its query cannot be read")
	}
	switch parameters.Get("cluster") {
	case "true":
		a.cluster = true
	case "", "false":
	default:
		return fail("cluster is neither true nor false")
	}
	parameters.Del("cluster")
	if len(parameters) > 0 {
		return fail("it has a parameter other than cluster")
	}
	for _, host := range hosts {
		o, err := redis.ParseURL(scheme + "://" + rest[:at] + host + path)
		if err != nil {
			return fail(reasonOf(err))
		}
		if a.options == nil {
			a.options = o
		}
		a.hosts = append(a.hosts, o.Addr)
	}
	a.cluster = a.cluster || len(a.hosts) > 1
	if a.cluster && a.options.DB != 0 {
		return fail("a cluster has database 0 alone")
	}
	return a, nil
}

// reasonOf leaves out the URL that the error quotes.
func reasonOf(err error) string {
	var quoting *url.Error
	if errors.As(err, &quoting) {
		err = quoting.Err
	}
	return strings.TrimPrefix(err.Error(), "redis: ")
}

// redact hides what stands before the host, but for the user's name.
func redact(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return "the URL"
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 {
		return scheme + "://" + rest[:end]
	}
	user, _, _ := strings.Cut(rest[:at], ":")
	return scheme + "://" + user + ":xxxxx@" + rest[at+1:end]
}

// client returns a client that repeats nothing on its own account: which steps
// may be repeated is for the contract to say.
func (a *address) client(o *Options) redis.UniversalClient {
	opt := a.options
	opt.Protocol = 2
	opt.MaxRetries = -1
	opt.DialerRetries = 1
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout, opt.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
	opt.ContextTimeoutEnabled = true
	opt.PoolSize = o.PoolSize
	opt.DisableIdentity = true
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if opt.TLSConfig != nil && o.TLS != nil {
		opt.TLSConfig = withServerName(o.TLS, opt.TLSConfig.ServerName)
	}
	if !a.cluster {
		return redis.NewClient(opt)
	}
	return redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: a.hosts, Username: opt.Username, Password: opt.Password,
		Protocol: opt.Protocol, MaxRetries: opt.MaxRetries, DialerRetries: opt.DialerRetries,
		DialTimeout: opt.DialTimeout, ReadTimeout: opt.ReadTimeout, WriteTimeout: opt.WriteTimeout, PoolTimeout: opt.PoolTimeout,
		ContextTimeoutEnabled: true, PoolSize: opt.PoolSize, DisableIdentity: true,
		MaintNotificationsConfig: opt.MaintNotificationsConfig, TLSConfig: opt.TLSConfig,
		DisableRoutingPolicies: true,
	})
}

func withServerName(config *tls.Config, name string) *tls.Config {
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName = name
	}
	return config
}
