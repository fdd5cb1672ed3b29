package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clientTimeout is how long an answer may take that is not a stream.
const clientTimeout = 10 * time.Second

// Client asks the daemon that listens at Path.
type Client struct{ Path string }

// Status asks for the state of the daemon.
func (c Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.ask(ctx, "status", nil, &s)
}

// Top asks for the n heaviest keys of each list.
func (c Client) Top(ctx context.Context, n int) (t Top, err error) {
	return t, c.ask(ctx, "top", url.Values{"n": {strconv.Itoa(n)}}, &t)
}

// Messages asks for the last message about each of the last clients.
func (c Client) Messages(ctx context.Context) (m Messages, err error) {
	return m, c.ask(ctx, "messages", nil, &m)
}

func (c Client) ask(ctx context.Context, what string, query url.Values, into any) error {
	ctx, stop := context.WithTimeout(ctx, clientTimeout)
	defer stop()
	body, err := c.open(ctx, what, query)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return fmt.Errorf("ask %s for %s: %w", c.Path, what, err)
	}
	return nil
}

// Tap asks for packets, a line of JSON each, until ctx is done or the reader is closed.
func (c Client) Tap(ctx context.Context, q TapQuery) (io.ReadCloser, error) {
	return c.open(ctx, "tap", q.Values())
}

func (c Client) open(ctx context.Context, what string, query url.Values) (io.ReadCloser, error) {
	address := url.URL{Scheme: "http", Host: "pmtud", Path: "/api/" + what, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	answer, err := NewClient(c.Path).Do(request)
	if err != nil {
		return nil, c.explain(err)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096)) // as much of it as comes
		return nil, errors.New(strings.TrimSpace(string(text)))
	}
	return answer.Body, nil
}

// explain says what to do when nobody answers.
func (c Client) explain(err error) error {
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "no daemon is running, or its socket is elsewhere: use --control PATH"
	case errors.Is(err, syscall.ECONNREFUSED):
		hint = "the daemon that created it has ended"
	case errors.Is(err, fs.ErrPermission):
		hint = "only root and the socket's group may ask"
	default:
		return fmt.Errorf("ask %s: %w", c.Path, err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return fmt.Errorf("ask %s: %w; %s", c.Path, err, hint)
}

// Frame is what `pmtud top --once --format json` prints.
type Frame struct {
	Status Status `json:"status"`
	Top    Top    `json:"top"`
}

// Frame asks for all that a frame of `pmtud top` shows.
func (c Client) Frame(ctx context.Context, n int) (f Frame, err error) {
	if f.Status, err = c.Status(ctx); err != nil {
		return f, err
	}
	f.Top, err = c.Top(ctx, n)
	return f, err
}
