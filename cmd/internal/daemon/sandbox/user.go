package sandbox

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
)

// User is a user of the host with all groups.
type User struct {
	Name   string
	ID     int
	Group  int
	Groups []int // beside Group
}

// LookUp finds a user by name or number. A number that no user has is a user
// without a name, whose group has the same number.
func LookUp(name string) (*User, error) {
	id, numberErr := strconv.Atoi(name)
	found, err := user.Lookup(name)
	if err != nil && numberErr == nil {
		found, err = user.LookupId(name)
		if err != nil && id >= 0 {
			return &User{Name: name, ID: id, Group: id}, nil
		}
	}
	if errors.As(err, new(user.UnknownUserError)) || errors.As(err, new(user.UnknownUserIdError)) {
		return nil, fmt.Errorf("find user %q: there is none of that name or number", name)
	}
	if err != nil {
		return nil, fmt.Errorf("find user %q: %w", name, err)
	}
	return describe(found)
}

// nobodysID is the number that Linux gives to whoever has none here (overflowuid), and
// most systems to the user nobody.
const nobodysID = 65534

// Unprivileged returns the user pmtud if there is one, or else nobody.
func Unprivileged() *User {
	for _, name := range []string{"pmtud", "nobody"} {
		if u, err := LookUp(name); err == nil && u.ID != 0 {
			return u
		}
	}
	return &User{Name: "nobody", ID: nobodysID, Group: nobodysID} // a container may have no list of users
}

func describe(found *user.User) (*User, error) {
	u := &User{Name: found.Username}
	groups, err := found.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("find groups of user: %w", err)
	}
	for _, n := range []struct {
		to   *int
		text string
	}{{&u.ID, found.Uid}, {&u.Group, found.Gid}} {
		if *n.to, err = strconv.Atoi(n.text); err != nil {
			return nil, fmt.Errorf("find user: %w", err)
		}
	}
	for _, text := range groups {
		group, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("find groups of user: %w", err)
		}
		if group != u.Group {
			u.Groups = append(u.Groups, group)
		}
	}
	return u, nil
}
