package server

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tandem-go/tandem"
)

func env(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := pairs[name]
		return v, ok
	}
}

// Each variable ends up in its field; one that is empty counts as not set.
func TestFromEnv(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want Config
	}{
		"nothing": {nil, Config{}},
		"everything": {
			map[string]string{
				"ADDR": "[::1]:9000", "PUBLIC_URL": "https://example.com/inventory", "BASE_PATH": "/x/y", "DOORS": "mcp",
				"ALLOWED_ORIGINS": "https://app.example.com, http://localhost:3000", "ALLOWED_HOSTS": "a.example.com,b",
				"TRUSTED_PROXIES": "10.1.2.3/8,::1", "RATE_LIMIT": "6000/m", "RATE_LIMITS": "read:100/s, export:5/m", "API_KEYS": "one-key,another-key",
				"METRICS_ADDR": "127.0.0.1:9090", "SHUTDOWN_GRACE": "1m30s", "DRAIN_DELAY": "5s", "INSECURE_NO_AUTH": "1", "HIDE_FORBIDDEN": "true",
				"API_KEYS_FILE": "/run/keys.json", "AUTH_ISSUER": "https://id.example.com/realms/x", "AUTH_AUDIENCE": "api://a, b",
				"AUTH_JWKS_URL": "https://id.example.com/keys", "AUTH_ALGORITHMS": "ES256,EdDSA", "AUTH_SCOPE_CLAIMS": "roles", "AUTH_INTROSPECTION_URL": "http://127.0.0.1:9/i",
				"AUTH_CLIENT_ID": "inventory", "AUTH_CLIENT_SECRET": "hush", "AUTH_SCOPES_SUPPORTED": "stock:read stock:write,x",
				"TLS_CERT_FILE": "/tls/cert", "TLS_KEY_FILE": "/tls/key", "TLS_CLIENT_CA_FILE": "/tls/ca",
				"LOG_LEVEL": "debug", "LOG_FORMAT": "json", "STATE_KEYS": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
			},
			Config{
				Addr: "[::1]:9000", PublicURL: "https://example.com/inventory", BasePath: "/x/y", Doors: tandem.MCP,
				AllowedOrigins: []string{"https://app.example.com", "http://localhost:3000"}, AllowedHosts: []string{"a.example.com", "b"},
				TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
				RateLimit:      Rate{6000, time.Minute}, RateLimits: map[string]Rate{"read": {100, time.Second}, "export": {5, time.Minute}}, APIKeys: []tandem.Secret{"one-key", "another-key"}, MetricsAddr: "127.0.0.1:9090",
				APIKeysFile: "/run/keys.json", Auth: Auth{
					Issuer: "https://id.example.com/realms/x", Audiences: []string{"api://a", "b"}, JWKSURL: "https://id.example.com/keys",
					Algorithms: []string{"ES256", "EdDSA"}, ScopeClaims: []string{"roles"}, IntrospectionURL: "http://127.0.0.1:9/i", ClientID: "inventory", ClientSecret: "hush",
					ScopesSupported: []string{"stock:read", "stock:write", "x"},
				},
				TLSFiles:      TLSFiles{Certificate: "/tls/cert", Key: "/tls/key", ClientCA: "/tls/ca"},
				ShutdownGrace: 90 * time.Second, DrainDelay: 5 * time.Second, InsecureNoAuth: true, HideForbidden: true,
				StateKeys: []tandem.Secret{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},
			},
		},
		"port means every address": {map[string]string{"PORT": "8080"}, Config{Addr: "0.0.0.0:8080"}},
		"addr wins over port":      {map[string]string{"PORT": "8080", "ADDR": "127.0.0.1:1"}, Config{Addr: "127.0.0.1:1"}},
		"empty is not set":         {map[string]string{"ADDR": "", "API_KEYS": "", "RATE_LIMIT": " ", "DOORS": ""}, Config{}},
		"both doors":               {map[string]string{"DOORS": "MCP, rest"}, Config{Doors: tandem.REST | tandem.MCP}},
		"rate off":                 {map[string]string{"RATE_LIMIT": "off"}, Config{}},
		"auth after all":           {map[string]string{"INSECURE_NO_AUTH": "0"}, Config{}},
		"traces asked for":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, Config{Tracing: TraceOTLP}},
		"traces by name":           {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, Config{Tracing: TraceOTLP}},
		"traces switched off":      {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, Config{}},
		"sdk disabled":             {map[string]string{"OTEL_SDK_DISABLED": "TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, Config{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := FromEnv(env(c.env))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateComparable(netip.Prefix{}), cmpopts.IgnoreUnexported(Config{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A wrong value is refused by an error that names the variable and what it takes.
func TestFromEnvRefuses(t *testing.T) {
	for _, c := range []struct{ name, value, takes string }{
		{"ADDR", "8000", "host:port"},
		{"ADDR", "localhost:http:x", "host:port"},
		{"ADDR", "localhost:99999", "host:port"},
		{"PORT", "http", "a port"},
		{"PORT", "65536", "a port"},
		{"PORT", "-1", "a port"},
		{"PUBLIC_URL", "example.com", "address of the service"},
		{"PUBLIC_URL", "ftp://example.com", "address of the service"},
		{"PUBLIC_URL", "https://example.com/?x=1", "address of the service"},
		{"PUBLIC_URL", "https://user:hush@example.com", "address of the service"},
		{"PUBLIC_URL", "https://example.com/a//b", "address of the service"},
		{"PUBLIC_URL", "https://example.com:65536", "address of the service"},
		{"BASE_PATH", "inventory", "/inventory"},
		{"BASE_PATH", "/a/../b", "/inventory"},
		{"BASE_PATH", "/a%20b", "/inventory"},
		{"BASE_PATH", "/a{b}", "/inventory"},
		{"DOORS", "rest,grpc", "rest, mcp"},
		{"DOORS", ",", "rest, mcp"},
		{"ALLOWED_ORIGINS", "*", "origins"},
		{"ALLOWED_ORIGINS", "null", "origins"},
		{"ALLOWED_ORIGINS", "", "origins"},
		{"ALLOWED_ORIGINS", " , ", "origins"},
		{"ALLOWED_ORIGINS", "https://app.example.com/", "origins"},
		{"ALLOWED_ORIGINS", "https://app.example.com/path", "origins"},
		{"ALLOWED_ORIGINS", "https://*.example.com", "origins"},
		{"ALLOWED_ORIGINS", "app.example.com", "origins"},
		{"ALLOWED_ORIGINS", "https://App.example.com", "origins"},
		{"ALLOWED_ORIGINS", "https://app.example.com:443", "origins"},
		{"ALLOWED_HOSTS", "https://a.example.com", "host names"},
		{"ALLOWED_HOSTS", "a.example.com:80", "host names"},
		{"ALLOWED_HOSTS", "*", "host names"},
		{"ALLOWED_HOSTS", "a.example.com b.example.com", "host names"},
		{"TRUSTED_PROXIES", "proxy.internal", "addresses and networks"},
		{"TRUSTED_PROXIES", "10.0.0.0/33", "addresses and networks"},
		{"RATE_LIMIT", "fast", "100/s"},
		{"RATE_LIMIT", "0/s", "100/s"},
		{"RATE_LIMIT", "-5/s", "100/s"},
		{"RATE_LIMIT", "5/day", "100/s"},
		{"RATE_LIMIT", "100", "100/s"},
		{"RATE_LIMITS", "100/s", "read:100/s"},
		{"RATE_LIMITS", "read", "read:100/s"},
		{"RATE_LIMITS", "read:", "read:100/s"},
		{"RATE_LIMITS", ":1/s", "read:100/s"},
		{"RATE_LIMITS", "read:1/s,read:2/s", "twice"},
		{"RATE_LIMITS", ",", "read:100/s"},
		{"API_KEYS", "hush hush", "keys with commas"},
		{"API_KEYS", "hush,hush", "keys with commas"},
		{"API_KEYS", ",", "keys with commas"},
		{"AUTH_ISSUER", "id.example.com", "https URL"},
		{"AUTH_ISSUER", "http://id.example.com", "https URL"},
		{"AUTH_ISSUER", "https://id.example.com?x=1", "https URL"},
		{"AUTH_JWKS_URL", "http://id.example.com/keys", "https URL"},
		{"AUTH_JWKS_URL", "file:///keys.json", "https URL"},
		{"AUTH_INTROSPECTION_URL", "http://10.0.0.1/introspect", "https URL"},
		{"AUTH_AUDIENCE", ",", "in aud"},
		{"AUTH_ALGORITHMS", ",", "RS256"},
		{"AUTH_SCOPES_SUPPORTED", ", ,", "scopes"},
		{"STATE_KEYS", "hush", "at least 32 bytes"},
		{"STATE_KEYS", ",", "at least 32 bytes"},
		{"METRICS_ADDR", "9090", "host:port"},
		{"LOG_LEVEL", "loud", "debug, info, warn or error"},
		{"LOG_FORMAT", "xml", "text or json"},
		{"SHUTDOWN_GRACE", "25", "duration"},
		{"SHUTDOWN_GRACE", "-1s", "duration"},
		{"DRAIN_DELAY", "soon", "duration"},
		{"INSECURE_NO_AUTH", "yes", "1 or 0"},
		{"HIDE_FORBIDDEN", "on", "1 or 0"},
		{"OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "http://localhost:4318"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ":::", "http://localhost:4318"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			_, err := FromEnv(env(map[string]string{c.name: c.value}))
			if err == nil {
				t.Fatal("it was accepted")
			}
			if !strings.HasPrefix(err.Error(), c.name) || !strings.Contains(err.Error(), "it takes") || !strings.Contains(err.Error(), c.takes) {
				t.Errorf("got %q", err)
			}
			if strings.HasSuffix(c.name, "_KEYS") && strings.Contains(err.Error(), "hush") {
				t.Errorf("the error shows a key: %v", err)
			}
		})
	}
}

// Whoever asks for traces in a way that is not to be had is told so, and not left
// without.
func TestFromEnvTraces(t *testing.T) {
	for name, value := range map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "some"} {
		_, err := FromEnv(env(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4317", name: value}))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: got %v", name, value, err)
		}
	}
}

// Every mistake is told at once.
func TestFromEnvReportsAll(t *testing.T) {
	wrong := map[string]string{"ADDR": "x", "DOORS": "x", "RATE_LIMIT": "x", "LOG_LEVEL": "x", "OTEL_TRACES_EXPORTER": "x"}
	_, err := FromEnv(env(wrong))
	for name := range wrong {
		if err == nil || !strings.Contains(err.Error(), name+"=") {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

// Rates survive their text.
func TestRate(t *testing.T) {
	for _, text := range []string{"100/s", "6000/m", "1/h", "off"} {
		r, err := ParseRate(text)
		if err != nil || r.String() != text {
			t.Errorf("%s came back as %s (%v)", text, r, err)
		}
	}
}
