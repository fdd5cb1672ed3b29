// Package httppost has the sink `http-post`, which posts messages as JSON to a server.
package httppost

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/pipeline/verdict"
)

// Reasons why a message was not delivered.
const (
	Unreachable pipeline.Reason = 1 + iota
	Timeout
	Refused
)

// maxAnswer bounds what is read of an answer: its header, and its body.
const maxAnswer = 64 << 10

// Settings of the sink.
type Settings struct {
	URL     string        `setting:"url" required:"true" pattern:"^https?://" example:"http://192.0.2.10:8080/ptb" doc:"where to post, by http or https"`
	Timeout time.Duration `setting:"timeout" min:"10ms" max:"4s" example:"2s" doc:"how long one post may take, from the connection to the end of the answer"`
}

// Plugin returns the sink `http-post`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[Settings]{
		Type:    "http-post",
		Summary: "posts messages to a server, a JSON array for each batch",
		Reasons: pipeline.Reasons{
			1: {Name: "unreachable", Doc: "the server can't be connected to, or the connection broke"},
			2: {Name: "timeout", Doc: "the server did not answer in time"},
			3: {Name: "refused", Doc: "the server answered with a status other than 200 to 299"},
		},
		Metrics: []pipeline.MetricInfo{
			{Name: "posts_total", Doc: "posts that were tried"},
		},
		Allocates: true, // net/http does
		Defaults:  Settings{Timeout: 2 * time.Second},
		New:       New,
	})
}

// New returns the sink.
func New(s Settings, env pipeline.Env) (pipeline.Sink, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, setting.Errorf("url", "%w", err)
	}
	port := u.Port()
	switch {
	case u.Hostname() == "":
		return nil, setting.Errorf("url", "%q has no host", s.URL)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, setting.Errorf("url", "%q begins with neither http:// nor https://", s.URL)
	case port == "":
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return &sink{url: u, destination: net.JoinHostPort(u.Hostname(), port), agent: env.Program, timeout: s.Timeout}, nil
}

type sink struct {
	url         *url.URL
	destination string
	agent       string
	timeout     time.Duration

	client  *http.Client
	body    []byte // of the last post
	posts   atomic.Uint64
	trouble atomic.Pointer[error] // of the last post; nil if it was taken
}

// Needs names the destination, so that the sandbox lets it through and nothing else.
func (s *sink) Needs() pipeline.Needs { return pipeline.Needs{TCP: []string{s.destination}} }

// Open reads the certificates that the host trusts: later the process may have no right to
// them. It connects to nothing, as a server may come later.
func (s *sink) Open(context.Context) error {
	transport := &http.Transport{MaxConnsPerHost: 1, DisableCompression: true, MaxResponseHeaderBytes: maxAnswer}
	if s.url.Scheme == "https" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			return fmt.Errorf("read the host's certificates: %w", err)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	s.client = &http.Client{
		Transport: transport, Timeout: s.timeout,
		// A redirection may lead anywhere: its status is taken for a refusal.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return nil
}

// Deliver posts a batch. Meanwhile messages wait in the sink's queue, which is bounded, and of
// which the engine drops and counts the oldest.
func (s *sink) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	s.body = append(s.body[:0], '[')
	for i, p := range batch {
		if i > 0 {
			s.body = append(s.body, ',')
		}
		s.body = verdict.AppendJSON(s.body, verdict.Place{}, p, nil)
	}
	s.body = append(s.body, ']')
	reason, err := s.post()
	if err == nil {
		s.trouble.Store(nil)
		return
	}
	s.trouble.Store(&err)
	for i := range failed {
		failed[i] = reason
	}
}

func (s *sink) post() (pipeline.Reason, error) {
	s.posts.Add(1)
	request := &http.Request{
		Method: http.MethodPost, URL: s.url, Host: s.url.Host, ContentLength: int64(len(s.body)),
		Header: http.Header{"Content-Type": {"application/json"}, "User-Agent": {s.agent}},
		Body:   io.NopCloser(bytes.NewReader(s.body)),
	}
	response, err := s.client.Do(request)
	if err != nil {
		return reasonOf(err), err
	}
	defer response.Body.Close()
	_, err = io.CopyN(io.Discard, response.Body, maxAnswer) // read, so that the connection can be used again
	if err != nil && !errors.Is(err, io.EOF) {
		return reasonOf(err), err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return Refused, fmt.Errorf("post to %v: the server answered %s", s.url.Redacted(), response.Status)
	}
	return pipeline.Pass, nil
}

func reasonOf(err error) pipeline.Reason {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return Timeout
	}
	return Unreachable
}

// Health is [pipeline.HealthChecker]: why the last post failed.
func (s *sink) Health() error {
	if err := s.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// Measure is [pipeline.Measurer].
func (s *sink) Measure(emit func(metric int, label string, value float64)) {
	emit(0, "", float64(s.posts.Load()))
}

func (s *sink) Flush() {}

// Close ends the connection.
func (s *sink) Close() error {
	if s.client != nil {
		s.client.CloseIdleConnections()
	}
	return nil
}
