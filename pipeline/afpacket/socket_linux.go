package afpacket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/hostnet"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Socket is a raw packet socket for the interface of a name. Its methods are for
// one goroutine but for [Socket.Health]; those of Conn and Raw follow their own
// rules.
type Socket struct {
	// Conn is the socket; only Close closes it.
	Conn *packet.Conn

	// Raw gives access to its descriptor for system calls that Conn lacks.
	Raw syscall.RawConn

	name string
}

// Link is an interface that a [Socket] is attached to.
type Link struct {
	Index    int
	LinkType linklayer.Type // how its packets begin
}

// Open makes a socket and attaches it to the interface, which may be down, in the
// network namespace of the calling thread. Nothing arrives before [Socket.Receive], and the host's
// packets don't pay for a socket that only sends.
func Open(name string) (*Socket, Link, error) {
	s, link, err := open(name)
	if errors.Is(err, os.ErrPermission) {
		err = fmt.Errorf("%w (it needs CAP_NET_RAW)", err)
	}
	if err != nil {
		return nil, Link{}, fmt.Errorf("open interface %s: %w", name, err)
	}
	return s, link, nil
}

func open(name string) (*Socket, Link, error) {
	conn, err := packet.Listen(new(net.Interface), packet.Raw, 0, nil)
	if err != nil {
		return nil, Link{}, cause(err)
	}
	s := &Socket{Conn: conn, name: name}
	var link Link
	if s.Raw, err = conn.SyscallConn(); err == nil {
		link, err = s.Attach()
	}
	if err != nil {
		return nil, Link{}, errors.Join(err, conn.Close())
	}
	return s, link, nil
}

// Attach finds the interface that has the name now and ties the socket to it, so
// that it sends there; it does not receive (any longer). The error is ENODEV when
// there is none.
func (s *Socket) Attach() (link Link, err error) {
	err = s.Control(func(fd int) error {
		index, err := indexOf(fd, s.name)
		if err != nil {
			return err
		}
		if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: index}); err != nil {
			return os.NewSyscallError("bind", err)
		}
		at, err := attached(fd)
		if err != nil {
			return err
		}
		link.Index = at.Ifindex
		link.LinkType, err = linkTypeOf(at.Hatype)
		return err
	})
	return link, err
}

// Detach unties the socket from its interface: it neither sends nor receives.
func (s *Socket) Detach() error {
	return s.Control(func(fd int) error {
		return os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrLinklayer{}))
	})
}

// Receive lets packets of the link arrive, of all protocols.
func (s *Socket) Receive(link Link) error {
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	return s.Control(func(fd int) error {
		return os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Index}))
	})
}

// Control calls f with the socket's descriptor, which stays open meanwhile.
func (s *Socket) Control(f func(fd int) error) error {
	var err error
	if e := s.Raw.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil {
		return cause(e)
	}
	return err
}

// Close closes the socket.
func (s *Socket) Close() error { return s.Conn.Close() }

func indexOf(fd int, name string) (int, error) {
	index, err := hostnet.Index(fd, name)
	if errors.Is(err, unix.ENODEV) {
		return 0, noInterface{}
	}
	return index, err
}

// attached describes the interface that the socket is attached to.
func attached(fd int) (*unix.SockaddrLinklayer, error) {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	at, ok := name.(*unix.SockaddrLinklayer)
	if !ok || at.Ifindex <= 0 { // the kernel sets -1 when it is deleted
		return nil, noInterface{}
	}
	return at, nil
}

// noInterface is ENODEV in the users' words.
type noInterface struct{}

func (noInterface) Error() string { return "no such interface" }

func (noInterface) Is(target error) bool { return target == unix.ENODEV }

// cause returns what went wrong without the layers that name the socket.
func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}
