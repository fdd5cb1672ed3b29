package afpacket

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
)

// Reasons are those that a sink has for frames which the kernel did not take.
type Reasons struct {
	QueueFull    pipeline.Reason // of the interface or of the socket: ENOBUFS, EAGAIN, ENOMEM
	Down         pipeline.Reason // the interface: ENETDOWN
	Gone         pipeline.Reason // the interface: ENXIO, ENODEV
	TooLong      pipeline.Reason // for the interface's MTU: EMSGSIZE
	NotPermitted pipeline.Reason // EPERM, EACCES
	Other        pipeline.Reason
}

// Of returns the reason for an error of sending, [pipeline.Pass] for none.
func (r *Reasons) Of(err error) pipeline.Reason {
	if err == nil {
		return pipeline.Pass
	}
	errno, _ := errors.AsType[unix.Errno](err)
	switch errno {
	case unix.ENOBUFS, unix.EAGAIN, unix.ENOMEM:
		return r.QueueFull
	case unix.ENETDOWN:
		return r.Down
	case unix.ENXIO, unix.ENODEV:
		return r.Gone
	case unix.EMSGSIZE:
		return r.TooLong
	case unix.EPERM, unix.EACCES:
		return r.NotPermitted
	}
	return r.Other
}
