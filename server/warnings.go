package server

import (
	"context"
	"net"
	"net/url"
	"strings"
)

// warn tells once what is served without protection, or looks like a mistake.
func (s *Server) warn(ctx context.Context) {
	for _, line := range s.config.warnings() {
		s.config.Logger.WarnContext(ctx, line)
	}
}

func (c Config) warnings() []string {
	var lines []string
	if !c.hasCredentials() {
		lines = append(lines, "no credentials are configured: every caller may do everything; set API_KEYS_FILE, AUTH_ISSUER or API_KEYS to change that")
	}
	if c.hasCredentials() && c.InsecureNoAuth {
		lines = append(lines, "INSECURE_NO_AUTH=1 has no effect, since credentials are configured: every caller needs some; take it out")
	}
	if c.TLSFiles.ClientCA != "" && c.Certificates == nil {
		lines = append(lines, "TLS_CLIENT_CA_FILE is set, but nothing says who the clients of these certificates are: "+
			"they are only compared with tokens that are bound to them; the program has to set Config.Certificates")
	}
	if c.hasCredentials() && c.isClearText() {
		lines = append(lines, "PUBLIC_URL is http:// and not of this machine: credentials cross the network in clear text; "+
			"serve HTTPS (TLS_CERT_FILE and TLS_KEY_FILE, or a proxy in front) and make it https://")
	}
	if host, _, err := net.SplitHostPort(c.MetricsAddr); err == nil && !isLoopbackName(host) {
		lines = append(lines, "METRICS_ADDR is beyond loopback, and /metrics needs no credentials there: "+
			"let only those reach "+c.MetricsAddr+" who may know how the service is used")
	}
	if c.challengesWithoutMetadata() {
		lines = append(lines, "AUTH_ISSUER is set and PUBLIC_URL is not: clients cannot find the authorization server by themselves")
	}
	if base, _ := c.basePath(); strings.HasSuffix(base, "/mcp") {
		lines = append(lines, "the base path ends in /mcp, so MCP is served at "+base+"/mcp; "+
			"PUBLIC_URL is the address of the service, not of its MCP route")
	}
	return lines
}

// isClearText reports whether clients are told to come by plain HTTP from elsewhere.
func (c Config) isClearText() bool {
	u, err := url.Parse(c.PublicURL)
	return err == nil && u.Scheme == "http" && !isLoopbackName(u.Hostname())
}
