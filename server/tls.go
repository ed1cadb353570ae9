package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// TLSFiles are the PEM files of a server that ends TLS itself. They are read again
// when they change, so that certificates can be renewed without a restart; while
// what is in them is not good, the last good ones serve on.
type TLSFiles struct {
	// Certificate is the server's chain, its own certificate first, and Key the
	// private key of that; both are set or none is.
	Certificate, Key string
	// ClientCA are the authorities whose client certificates are accepted, by
	// callers that have one: see [Config.Certificates]. Empty means none.
	ClientCA string
}

// tlsRecheck is how long files are taken to be unchanged.
const tlsRecheck = time.Second

// tlsConfig returns how to serve TLS; nil means plain HTTP.
func (c Config) tlsConfig() (*tls.Config, error) {
	base := c.TLS.Clone()
	if c.TLSFiles == (TLSFiles{}) {
		return base, nil
	}
	if base == nil {
		base = &tls.Config{}
	}
	if len(base.NextProtos) == 0 {
		base.NextProtos = []string{"h2", "http/1.1"}
	}
	t := &tlsReloader{base: base, files: c.TLSFiles, logger: c.Logger}
	if err := t.load(); err != nil {
		return nil, fmt.Errorf("server: Config.TLSFiles: %w", err)
	}
	return &tls.Config{GetConfigForClient: t.configFor, NextProtos: base.NextProtos, MinVersion: base.MinVersion}, nil
}

// tlsReloader makes the configuration of the files as they are now.
type tlsReloader struct {
	base   *tls.Config
	files  TLSFiles
	logger *slog.Logger

	mu      sync.Mutex
	checked time.Time // when the files were last looked at
	stamps  []stamp
	current *tls.Config
}

// stamp tells whether a file is still the same.
type stamp struct {
	modified time.Time
	size     int64
}

// configFor is asked by each handshake.
func (t *tlsReloader) configFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.checked) >= tlsRecheck {
		if err := t.reload(); err != nil {
			t.logger.ErrorContext(hello.Context(), "the TLS files cannot be used; the last good ones serve on", "cause", err)
		}
	}
	return t.current, nil
}

func (t *tlsReloader) load() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reload()
}

// reload reads the files if they have changed; t.mu is held.
func (t *tlsReloader) reload() error {
	t.checked = time.Now()
	stamps, err := t.files.stamps()
	if err != nil || slices.Equal(stamps, t.stamps) {
		return err
	}
	config, err := t.files.apply(t.base)
	if err != nil {
		return err
	}
	t.current, t.stamps = config, stamps
	return nil
}

func (f TLSFiles) stamps() ([]stamp, error) {
	var stamps []stamp
	for _, path := range []string{f.Certificate, f.Key, f.ClientCA} {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		stamps = append(stamps, stamp{info.ModTime(), info.Size()})
	}
	return stamps, nil
}

// apply returns the base with what the files hold.
func (f TLSFiles) apply(base *tls.Config) (*tls.Config, error) {
	config := base.Clone()
	if f.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
		if err != nil {
			return nil, pairError(f, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if f.ClientCA == "" {
		return config, nil
	}
	pem, err := os.ReadFile(f.ClientCA)
	if err != nil {
		return nil, err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", f.ClientCA)
	}
	config.ClientAuth = max(config.ClientAuth, tls.VerifyClientCertIfGiven) // probes have none
	// A session that is resumed would pass by an authority that was taken out.
	config.SessionTicketsDisabled = true
	return config, nil
}

// pairError names the files, unless the error names one already.
func pairError(f TLSFiles, err error) error {
	if errors.As(err, new(*fs.PathError)) {
		return err
	}
	return fmt.Errorf("%s and %s: %w", f.Certificate, f.Key, err)
}

// check refuses files that are of no use.
func (f TLSFiles) check(base *tls.Config) error {
	switch {
	case (f.Certificate == "") != (f.Key == ""):
		return errors.New("a certificate needs its key: set both TLS_CERT_FILE and TLS_KEY_FILE")
	case f.ClientCA != "" && f.Certificate == "" && base == nil:
		return errors.New("client certificates come by TLS: set TLS_CERT_FILE and TLS_KEY_FILE along with TLS_CLIENT_CA_FILE")
	}
	return nil
}
