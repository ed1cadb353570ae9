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
	"github.com/tandem-go/tandem/internal/authserver"
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
		about: "bearer tokens that may do everything, for development; no credentials at all: everybody, on loopback only",
		set: func(c *Config, v string) error {
			c.APIKeys = splitSecrets(v)
			_, err := auth.NewAPIKeys(reveal(c.APIKeys))
			return err
		},
	},
	{
		name: "API_KEYS_FILE", takes: "the path of a key file as `tandem keys create --file PATH` makes it",
		about: "keys with scopes, made, listed and revoked by `tandem keys`; not a file with what API_KEYS has",
		set:   func(c *Config, v string) error { c.APIKeysFile = v; return nil },
	},
	{
		name: "AUTH_ISSUER", takes: "the https URL of an authorization server, exactly as its tokens have it in iss",
		about: "accept the JWTs of this authorization server",
		set:   func(c *Config, v string) error { c.Auth.Issuer = v; return authserver.CheckIssuer(v) },
	},
	{
		name: "AUTH_AUDIENCE", takes: "what tokens for this service have in aud, with commas between",
		about: "accept tokens that are made for one of these; default: PUBLIC_URL followed by /mcp, and PUBLIC_URL",
		set: func(c *Config, v string) error {
			c.Auth.Audiences = split(v)
			return ok(len(c.Auth.Audiences) > 0)
		},
	},
	{
		name: "AUTH_JWKS_URL", takes: "the https URL of a JSON Web Key Set",
		about: "the keys of the authorization server; default: where its metadata says",
		set:   func(c *Config, v string) error { c.Auth.JWKSURL = v; return authserver.CheckURL(v) },
	},
	{
		name: "AUTH_ALGORITHMS", takes: "signature algorithms with commas between, such as RS256,ES256,EdDSA",
		about: "accept tokens that are signed so; default: RS256,ES256,EdDSA",
		set: func(c *Config, v string) error {
			c.Auth.Algorithms = split(v)
			return ok(len(c.Auth.Algorithms) > 0)
		},
	},
	{
		name: "AUTH_SCOPE_CLAIMS", takes: "names of claims with commas between, such as roles or permissions",
		about: "the claims of JWTs that have scopes; default: scope,scp",
		set: func(c *Config, v string) error {
			c.Auth.ScopeClaims = split(v)
			return ok(len(c.Auth.ScopeClaims) > 0)
		},
	},
	{
		name: "AUTH_INTROSPECTION_URL", takes: "the https URL of a token introspection endpoint (RFC 7662)",
		about: "ask there about tokens that are no JWTs of the issuer; default: where the issuer's metadata says, if AUTH_CLIENT_ID is set",
		set:   func(c *Config, v string) error { c.Auth.IntrospectionURL = v; return authserver.CheckURL(v) },
	},
	{
		name: "AUTH_CLIENT_ID", takes: "the id of the service at the authorization server", about: "the service's own id, to ask about tokens",
		set: func(c *Config, v string) error { c.Auth.ClientID = v; return nil },
	},
	{
		name: "AUTH_CLIENT_SECRET", takes: "the secret of the service at the authorization server", secret: true, file: true,
		about: "the secret to that id",
		set:   func(c *Config, v string) error { c.Auth.ClientSecret = tandem.Secret(v); return nil },
	},
	{
		name: "AUTH_SCOPES_SUPPORTED", takes: "scopes with commas or spaces between",
		about: "the scopes that clients are told to ask for; default: those of all operations",
		set: func(c *Config, v string) error {
			c.Auth.ScopesSupported = split(strings.ReplaceAll(v, " ", ","))
			return ok(len(c.Auth.ScopesSupported) > 0)
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
		name: "STATE_URL", takes: "memory:, redis://user:password@host:6379/0, rediss://… or postgres://user:password@host/database",
		secret: true, file: true,
		about: "what replicas share sessions and rate limits by; needs STATE_KEYS; default: memory:, one replica",
		set:   func(c *Config, v string) error { c.StateURL = tandem.Secret(v); return nil },
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
