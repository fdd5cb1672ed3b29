// Package webconfig gives a server TLS and passwords by a web configuration file, as exporters
// of Prometheus have it:
//
//	tls_server_config: {cert_file: server.crt, key_file: server.key}
//	basic_auth_users: {alice: $2y$10$...}
//
// See https://prometheus.io/docs/prometheus/latest/configuration/https/. The file is read
// again for each request, and so are certificates for each connection: who replaces them need
// not reload anything.
package webconfig

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v2"
)

// Check returns what is wrong with a web configuration file, or with the certificates that it
// names, in one line.
func Check(path string) error {
	err := web.Validate(path)
	if err == nil {
		return nil
	}
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}

// Files returns the paths of a web configuration file and of the certificates and key that it
// names, as far as it can be read.
func Files(path string) []string {
	files := []string{path}
	text, err := os.ReadFile(path)
	if err != nil {
		return files
	}
	var c struct {
		TLS struct {
			Cert     string `yaml:"cert_file"`
			Key      string `yaml:"key_file"`
			ClientCA string `yaml:"client_ca_file"`
		} `yaml:"tls_server_config"`
	}
	_ = yaml.Unmarshal(text, &c) // Check has more to say about mistakes
	for _, file := range []string{c.TLS.Cert, c.TLS.Key, c.TLS.ClientCA} {
		if file != "" && !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(path), file)
		}
		if file != "" {
			files = append(files, file)
		}
	}
	return files
}

// Serve is [http.Server.Serve] with a web configuration file, over HTTP/1 only: a connection
// of HTTP/2 would hold many requests.
func Serve(s *http.Server, l net.Listener, path string, log *slog.Logger) error {
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	return web.Serve(l, s, &web.FlagConfig{WebConfigFile: &path}, slog.New(warnings{log.Handler()}))
}

// warnings is a handler that leaves out what is of less importance.
type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.Handler.Enabled(ctx, l)
}
