package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// variable is one environment variable: what it takes, and how it enters a Config.
type variable struct {
	name  string
	takes string // completes the sentence "it takes …"
	// about is for the list of variables that -h prints.
	about  string
	secret bool // its value must not be repeated in an error
	file   bool // its value may be in the file that the variable NAME_FILE names
	empty  bool // an empty value is not the same as none
	set    func(c *Config, value string) error
}

// errValue stands for an error that says no more than what the variable takes.
var errValue = errors.New("")

// variables are in the order in which they are read: ADDR wins over PORT.
var variables = []variable{
	{
		name: "PORT", takes: "a port from 0 to 65535", about: "listen on 0.0.0.0:$PORT",
		set: func(c *Config, v string) error {
			c.Addr = net.JoinHostPort("0.0.0.0", v)
			return ok(isNumber(v) && checkPort(v) == nil)
		},
	},
	{
		name: "ADDR", takes: "host:port, such as " + defaultAddr, about: "listen there instead of " + defaultAddr + "; wins over PORT",
		set: func(c *Config, v string) error { c.Addr = v; return ok(checkAddr(v) == nil) },
	},
	{
		name: "TLS_CERT_FILE", takes: "the path of a file of certificates in PEM, the service's own first",
		about: "serve HTTPS with this certificate; it is read again when it changes",
		set:   func(c *Config, v string) error { c.TLSFiles.Certificate = v; return nil },
	},
	{
		name: "TLS_KEY_FILE", takes: "the path of a file with the certificate's private key in PEM", about: "its private key",
		set: func(c *Config, v string) error { c.TLSFiles.Key = v; return nil },
	},
	{
		name: "TLS_CLIENT_CA_FILE", takes: "the path of a file of certificates in PEM",
		about: "the authorities whose client certificates are accepted",
		set:   func(c *Config, v string) error { c.TLSFiles.ClientCA = v; return nil },
	},
	{
		name: "PUBLIC_URL", takes: "the address of the service for clients, such as https://example.com/inventory",
		about: "the address under which clients reach the service",
		set:   func(c *Config, v string) error { c.PublicURL = v; return ok(checkPublicURL(v) == nil) },
	},
	{
		name: "BASE_PATH", takes: "a path of plain segments, such as /inventory, or / for none",
		about: "the path below which every route hangs; default: the path of PUBLIC_URL",
		set:   func(c *Config, v string) error { c.BasePath = v; return ok(checkBasePath(v) == nil) },
	},
	{
		name: "DOORS", takes: "rest, mcp, or both with a comma between", about: "the doors to open; default: rest,mcp",
		set: setDoors,
	},
	{
		name: "ALLOWED_ORIGINS", takes: "origins with commas between, such as https://app.example.com,http://localhost:3000",
		about: "web pages that may call, besides the service's own", empty: true,
		set: func(c *Config, v string) error {
			c.AllowedOrigins = split(v)
			return checkOrigins(c.AllowedOrigins)
		},
	},
	{
		name: "ALLOWED_HOSTS", takes: "host names without ports, with commas between",
		about: "further names under which the service is reached, besides that of PUBLIC_URL",
		set: func(c *Config, v string) error {
			c.AllowedHosts = split(v)
			return ok(len(c.AllowedHosts) > 0 && checkHosts(c.AllowedHosts) == nil)
		},
	},
	{
		name: "TRUSTED_PROXIES", takes: "addresses and networks with commas between, such as 10.0.0.0/8,::1",
		about: "proxies whose X-Forwarded-* headers are believed",
		set:   setProxies,
	},
	{
		name: "RATE_LIMIT", takes: `a number per time, such as 100/s, 6000/m or 360000/h, or "off"`,
		about: "requests of each principal or address; default: off",
		set: func(c *Config, v string) (err error) {
			c.RateLimit, err = ParseRate(v)
			return ok(err == nil)
		},
	},
	{
		name: "RATE_LIMITS", takes: "classes of operations with their rates, with commas between, such as read:100/s,write:10/s,export:5/m",
		about: "calls of each principal or address by class of operation; default: off",
		set: func(c *Config, v string) (err error) {
			c.RateLimits, err = parseRates(v)
			return err
		},
	},
	{
		name: "API_KEYS", takes: "keys with commas between, each of A-Z a-z 0-9 - . _ ~ + / and = at its end", secret: true,
		about: "bearer tokens of those who may call; none: everybody, on loopback only",
		set: func(c *Config, v string) error {
			c.APIKeys = splitSecrets(v)
			_, err := auth.NewAPIKeys(reveal(c.APIKeys))
			return err
		},
	},
	{
		name: "STATE_KEYS", takes: "secrets of at least 32 bytes with commas between, the same on every replica", secret: true, file: true,
		about: "secrets by which callers that were asked may answer to any replica; the first one seals",
		set: func(c *Config, v string) error {
			c.StateKeys = splitSecrets(v)
			return ok(len(c.StateKeys) > 0 && checkStateKeys(c.StateKeys) == nil)
		},
	},
	{
		name: "HIDE_FORBIDDEN", takes: "1 or 0", about: "1 hides from each caller what it may not use, on both doors and in the documents",
		set: func(c *Config, v string) error { return setFlag(&c.HideForbidden, v) },
	},
	{
		name: "INSECURE_NO_AUTH", takes: "1 or 0", about: "1 lets everybody in beyond loopback without credentials",
		set: func(c *Config, v string) error { return setFlag(&c.InsecureNoAuth, v) },
	},
	{
		name: "METRICS_ADDR", takes: "host:port, such as 127.0.0.1:9090", about: "serve /metrics there, without credentials",
		set: func(c *Config, v string) error { c.MetricsAddr = v; return ok(checkAddr(v) == nil) },
	},
	{
		name: "SHUTDOWN_GRACE", takes: "a positive duration, such as 25s", about: "how long calls may go on after SIGTERM; default: 25s",
		set: func(c *Config, v string) (err error) {
			c.ShutdownGrace, err = time.ParseDuration(v)
			return ok(err == nil && c.ShutdownGrace > 0)
		},
	},
	{
		name: "DRAIN_DELAY", takes: "a positive duration, such as 5s",
		about: "how long to go on after readiness turned 503, for balancers to notice; default: 1s, on loopback 200ms",
		set: func(c *Config, v string) (err error) {
			c.DrainDelay, err = time.ParseDuration(v)
			return ok(err == nil && c.DrainDelay > 0)
		},
	},
}

// FromEnv reads the configuration from variables, such as those of os.LookupEnv.
// A variable that is not set, or is empty, means the default. The error names
// every variable that is wrong, and what it takes.
func FromEnv(lookup func(name string) (string, bool)) (Config, error) {
	var (
		c    Config
		errs []error
	)
	for _, v := range variables {
		value, present, err := v.read(lookup)
		if err == nil && present {
			err = v.apply(&c, value)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	var err error
	if c.Tracing, err = tracingFromEnv(lookup); err != nil {
		errs = append(errs, err)
	}
	if _, err := loggingFromEnv(lookup); err != nil {
		errs = append(errs, err)
	}
	return c, errors.Join(errs...)
}

// read returns the variable's value, and whether it is one.
func (v variable) read(lookup func(string) (string, bool)) (value string, present bool, err error) {
	if v.file {
		secret, err := LookupSecret(lookup, v.name)
		value = strings.TrimSpace(secret.Reveal())
		return value, value != "", err
	}
	value, present = lookup(v.name)
	value = strings.TrimSpace(value)
	return value, present && (value != "" || v.empty), nil
}

func (v variable) apply(c *Config, value string) error {
	if err := v.set(c, value); err != nil {
		return v.wrong(value, err)
	}
	return nil
}

func (v variable) wrong(value string, err error) error {
	name := v.name
	if !v.secret {
		name = fmt.Sprintf("%s=%q", v.name, value)
	}
	if errors.Is(err, errValue) {
		return fmt.Errorf("%s: it takes %s", name, v.takes)
	}
	return fmt.Errorf("%s: %w; it takes %s", name, err, v.takes)
}

func ok(good bool) error {
	if good {
		return nil
	}
	return errValue
}

// split cuts a list at its commas and drops empty elements.
func split(list string) []string {
	parts := []string{}
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// splitSecrets is split for secrets, which a file can also have line by line.
func splitSecrets(list string) []tandem.Secret {
	var secrets []tandem.Secret
	for line := range strings.Lines(list) {
		for _, s := range split(line) {
			secrets = append(secrets, tandem.Secret(s))
		}
	}
	return secrets
}

// reveal is for those who take secrets as text.
func reveal(secrets []tandem.Secret) []string {
	text := make([]string, len(secrets))
	for i, s := range secrets {
		text[i] = s.Reveal()
	}
	return text
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

func setFlag(flag *bool, value string) error {
	*flag = value == "1" || value == "true"
	return ok(slices.Contains([]string{"0", "1", "false", "true"}, value))
}

func setDoors(c *Config, value string) error {
	names := map[string]tandem.Doors{"rest": tandem.REST, "mcp": tandem.MCP}
	for _, name := range split(value) {
		door, known := names[strings.ToLower(name)]
		if !known {
			return errValue
		}
		c.Doors |= door
	}
	return ok(c.Doors != 0)
}

func setProxies(c *Config, value string) error {
	for _, s := range split(value) {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			ip, err := netip.ParseAddr(s)
			if err != nil {
				return errValue
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		c.TrustedProxies = append(c.TrustedProxies, p.Masked())
	}
	return ok(len(c.TrustedProxies) > 0)
}
