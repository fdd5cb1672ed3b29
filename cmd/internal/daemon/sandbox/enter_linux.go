package sandbox

import (
	"fmt"
	"os"
)

// Enter confines the process to a plan. In mode Off it only becomes the plan's
// user. After an error the process may be confined in part, and should end.
func Enter(p Plan, m Mode) (Report, error) {
	var r Report
	keep, err := parse(p.Capabilities)
	if err != nil {
		return r, err
	}
	if m != Off {
		if err := dropBounding(keep); err != nil { // while it can
			return r, err
		}
	}
	if p.User != nil {
		if err := become(p.User); err != nil {
			return r, err
		}
		r.User = p.User.Name
	}
	if m == Off {
		r.Files, r.Calls = notConfined, notConfined
		return r, nil
	}
	if r.Capabilities, err = keepCapabilities(keep); err != nil {
		return r, err
	}
	r.Files, r.Remains, err = confineFiles(p)
	if r.Files, err = tolerate(m, "files", r.Files, err); err != nil {
		return r, err
	}
	if p.SendsUDP {
		r.Remains = append(r.Remains, remainUDP)
	}
	r.Calls, err = confineCalls(p)
	if err != nil {
		r.Remains = append(r.Remains, "to make sockets of every kind, to run programs, to change what files are allowed")
	}
	if os.Geteuid() == 0 {
		r.Remains = append(r.Remains, "to read and replace root's files where it may read and write")
	}
	r.Calls, err = tolerate(m, "system calls", r.Calls, err)
	return r, err
}

// tolerate decides whether a step may fail.
func tolerate(m Mode, what, done string, err error) (string, error) {
	switch {
	case err == nil:
		return done, nil
	case m == Required:
		return "", fmt.Errorf("confine %s: %w", what, err)
	}
	return notConfined + ": " + err.Error(), nil
}
