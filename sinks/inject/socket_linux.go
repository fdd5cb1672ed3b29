package inject

import (
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/afpacket"
)

// socket is a packet socket that only sends. It is bound to no interface, so it serves each
// device that is made.
type socket struct {
	fd     int
	to     unix.SockaddrLinklayer
	log    *slog.Logger
	warned map[error]bool
}

// openSocket opens a socket whose packets have a mark.
func openSocket(mark uint32, log *slog.Logger) (*socket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("open packet socket: %w (it needs CAP_NET_RAW)", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	if mark != 0 {
		// Before Linux 5.17 this takes CAP_NET_ADMIN, which as_from needs anyway.
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(mark)); err != nil {
			return nil, errors.Join(fmt.Errorf("mark packets: %w", err), unix.Close(fd))
		}
	}
	return &socket{fd: fd, log: log, warned: make(map[error]bool)}, nil
}

// send sends a frame at once or not at all.
func (s *socket) send(to *port, frame []byte) pipeline.Reason {
	s.to.Ifindex = to.index
	for {
		err := unix.Sendto(s.fd, frame, 0, &s.to)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return s.report(reasons.Of(err), err)
	}
}

var reasons = afpacket.Reasons{
	QueueFull: QueueFull, Down: DeviceDown, Gone: NoDevice,
	TooLong: TooLong, NotPermitted: NotPermitted, Other: SendError,
}

// report logs each strange error once. What becomes of the device is logged where it is looked at.
func (s *socket) report(reason pipeline.Reason, err error) pipeline.Reason {
	if (reason == NotPermitted || reason == SendError) && !s.warned[err] {
		s.warned[err] = true
		s.log.Warn("can't send frame", "error", err)
	}
	return reason
}

func (s *socket) close() error { return unix.Close(s.fd) }
