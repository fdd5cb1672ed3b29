package systemd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// sendTimeout bounds how long a message may wait for room at the service manager.
const sendTimeout = time.Second

// Notifier sends messages to the service manager. A nil Notifier sends none. Its
// methods are safe for concurrent use.
type Notifier struct {
	conn     *net.UnixConn
	watchdog time.Duration
}

// FromEnvironment opens the socket that the service manager named in the program's
// environment. It returns nil if there is no service manager.
func FromEnvironment() (*Notifier, error) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil, nil
	}
	watchdog, err := watchdog()
	if err != nil {
		return nil, err
	}
	// A name that begins with @ is one of the abstract namespace, to package net too.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("open socket of service manager: %w", err)
	}
	return &Notifier{conn, watchdog}, nil
}

// watchdog returns the time within which the service manager wants to hear of this
// process, see sd_watchdog_enabled(3).
func watchdog() (time.Duration, error) {
	text := os.Getenv("WATCHDOG_USEC")
	if pid := os.Getenv("WATCHDOG_PID"); text == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0, nil
	}
	usec, err := strconv.ParseInt(text, 10, 64)
	if err != nil || usec <= 0 || usec > int64(1<<63-1)/int64(time.Microsecond) {
		return 0, fmt.Errorf("read environment: WATCHDOG_USEC=%q is not a number of microseconds", text)
	}
	return time.Duration(usec) * time.Microsecond, nil
}

// Watchdog returns the time within which the service manager wants to be told
// [Watchdog], 0 if it doesn't.
func (n *Notifier) Watchdog() time.Duration {
	if n == nil {
		return 0
	}
	return n.watchdog
}

// State is one line of a message.
type State string

// States that the service manager knows.
const (
	Ready    State = "READY=1"
	Stopping State = "STOPPING=1"
	Watchdog State = "WATCHDOG=1"
)

// Status returns the line that says what the program is doing.
func Status(text string) State {
	return State("STATUS=" + strings.Join(strings.Fields(text), " "))
}

// Reloading returns the lines that announce a reload that begins now. The next
// [Ready] ends it.
func Reloading() State {
	return State(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", monotonic()/time.Microsecond))
}

// Extend returns the line that asks for more time, from now on, to start, reload or
// stop.
func Extend(d time.Duration) State {
	return State(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", d/time.Microsecond))
}

// Send sends a message of these lines.
func (n *Notifier) Send(states ...State) error {
	if n == nil {
		return nil
	}
	lines := make([]string, len(states))
	for i, s := range states {
		lines[i] = string(s)
	}
	err := n.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	if err == nil {
		_, err = n.conn.Write([]byte(strings.Join(lines, "\n")))
	}
	if err != nil {
		return fmt.Errorf("notify service manager: %w", withoutNames(err))
	}
	return nil
}

// withoutNames leaves out the sockets' names.
func withoutNames(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// Close closes the socket.
func (n *Notifier) Close() error {
	if n == nil {
		return nil
	}
	return n.conn.Close()
}
