package natslink

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Settings are those that sink and source have in common.
type Settings struct {
	Servers []Server `setting:"servers" required:"true" pattern:"^((nats|tls)://)?[0-9A-Za-z._:%\\[\\]-]+$" example:"nats://nats.example.net:4222,nats://192.0.2.5:4222" doc:"NATS servers, tried in random order; the default scheme is nats://, the default port 4222"`
	Subject Subject  `setting:"subject" pattern:"^[^ .*>$][^ *>]*$" example:"pmtud.ptb.{target}" doc:"subject of the messages; {target} becomes the address that a message was sent to, one token for each of its parts"`
	Creds   string   `setting:"creds" example:"/etc/pmtud/nats.creds" doc:"file with a user's JWT and seed, as nsc writes it"`
	NKey    string   `setting:"nkey" example:"/etc/pmtud/nats.nk" doc:"file with the seed of a user's NKey"`
	User    string   `setting:"user" example:"pmtud" doc:"name of the user"`
	Pass    string   `setting:"password" secret:"true" example:"a-password-of-your-own" doc:"password of the user, such as ${file:/etc/pmtud/nats-password}"`
	Token   string   `setting:"token" secret:"true" example:"a-token-of-your-own" doc:"token instead of a user, such as ${file:/etc/pmtud/nats-token}"`
	CA      string   `setting:"tls_ca" example:"/etc/pmtud/ca.pem" doc:"file with the CA certificates to verify servers with, instead of the system's; requires TLS"`
	Cert    string   `setting:"tls_cert" example:"/etc/pmtud/cert.pem" doc:"file with this client's certificate; requires TLS"`
	CertKey string   `setting:"tls_key" example:"/etc/pmtud/key.pem" doc:"file with the private key of tls_cert"`
	Key     []string `setting:"key" secret:"true" example:"a-secret-of-your-own" doc:"secret texts of at least 16 bytes that all hosts share: the first one seals messages, each is accepted; without a key messages are not sealed"`
}

// DefaultSubject is the subject of messages by default.
var DefaultSubject = Subject{text: "pmtud.ptb"}

// Check returns what is wrong with settings that are right each by itself.
func (s *Settings) Check() error {
	var errs []error
	bad := func(name, format string, args ...any) {
		errs = append(errs, setting.Errorf(name, format, args...))
	}
	if ways := s.ways(); len(ways) > 1 {
		bad(ways[1], "is one way to authenticate, and `%s` is another; keep one of them", ways[0])
	}
	if s.mixesTLS() {
		bad("servers", "are partly with TLS and partly without; use one of tls:// and nats:// for all")
	}
	if s.Pass != "" && s.User == "" {
		bad("password", "is set without `user`")
	}
	switch {
	case s.Cert != "" && s.CertKey == "":
		bad("tls_cert", "is set without `tls_key`")
	case s.Cert == "" && s.CertKey != "":
		bad("tls_key", "is set without `tls_cert`")
	}
	if _, err := s.keys(); err != nil {
		bad("key", "%w", err)
	}
	return errors.Join(errs...)
}

// ways returns the settings that are used to be let in.
func (s *Settings) ways() (names []string) {
	for _, way := range []struct{ name, value string }{
		{"creds", s.Creds}, {"nkey", s.NKey}, {"user", s.User}, {"token", s.Token},
	} {
		if way.value != "" {
			names = append(names, way.name)
		}
	}
	return names
}

// keys returns the keys of messages, none if they are plain.
func (s *Settings) keys() ([]sealed.Key, error) {
	if len(s.Key) == 0 {
		return nil, nil
	}
	return sealed.Keys(s.Key, false)
}

// files returns the files that are read with each connection.
func (s *Settings) files() (paths []string) {
	for _, path := range []string{s.Creds, s.NKey, s.CA, s.Cert, s.CertKey} {
		if path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

// systemRoots are where Go looks for the system's certificates (crypto/x509,
// root_linux.go).
var systemRoots = []pipeline.File{
	{Path: "/etc/ssl/certs/*", Optional: true},
	{Path: "/etc/pki/tls/certs/*", Optional: true},
	{Path: "/etc/pki/tls/cacert.pem", Optional: true},
	{Path: "/etc/ssl/ca-bundle.pem", Optional: true},
	{Path: "/etc/pki/ca-trust/extracted/pem/*", Optional: true},
	{Path: "/etc/ssl/cert.pem", Optional: true},
}

// Needs is for [pipeline.HostUser].
func (s *Settings) Needs() pipeline.Needs {
	var n pipeline.Needs
	for _, server := range s.Servers {
		if to := server.address(); !slices.Contains(n.TCP, to) {
			n.TCP = append(n.TCP, to)
		}
	}
	for _, path := range s.files() {
		n.Files = append(n.Files, pipeline.File{Path: path})
	}
	if s.CA == "" {
		n.Files = append(n.Files, systemRoots...)
	}
	if len(s.Key) == 0 && len(s.ways()) == 0 && s.Cert == "" {
		n.Warnings = append(n.Warnings, setting.Error{
			Setting: "servers", Err: errors.New("without `key` and without a user, whoever reaches the NATS server can forge messages"),
		})
	}
	return n
}

// usesTLS reports whether a connection to the server has to be encrypted.
func (s *Settings) usesTLS(server Server) bool {
	return server.TLS || s.CA != "" || s.Cert != ""
}

// mixesTLS reports whether some connections have to be encrypted and others can't be: options
// of a connection are for all servers.
func (s *Settings) mixesTLS() bool {
	plain := func(server Server) bool { return !s.usesTLS(server) }
	return slices.ContainsFunc(s.Servers, plain) && slices.ContainsFunc(s.Servers, s.usesTLS)
}

// String returns the servers for a log.
func (s *Settings) String() string { return fmt.Sprint(s.Servers) }
