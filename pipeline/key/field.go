package key

import (
	"fmt"
	"slices"
	"strings"
)

// Field is a part of a packet by which it is distinguished from others.
type Field uint8

// The fields. The zero value is none of them.
const (
	Router       Field = iota + 1 // outer source address
	RouterPrefix                  // prefix of it
	Client                        // destination address of the quoted packet
	ClientPrefix                  // prefix of it
	Target                        // outer destination address
	MTU                           // next-hop MTU
	Flow                          // protocol, addresses and ports of the quoted packet
)

// names are what configurations call the fields.
var names = [...]string{
	Router:       "router",
	RouterPrefix: "router-prefix",
	Client:       "client",
	ClientPrefix: "client-prefix",
	Target:       "target",
	MTU:          "mtu",
	Flow:         "flow",
}

func (f Field) known() bool { return f >= Router && int(f) < len(names) }

// String returns the field's name in configurations.
func (f Field) String() string {
	if !f.known() {
		return fmt.Sprintf("field(%d)", uint8(f))
	}
	return names[f]
}

// MarshalText returns what UnmarshalText reads.
func (f Field) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads a field's name.
func (f *Field) UnmarshalText(text []byte) error {
	i := slices.Index(names[Router:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is not a field; write one of %s", text, strings.Join(names[Router:], ", "))
	}
	*f = Router + Field(i)
	return nil
}

// Fields is a list of fields, for settings. Their order means nothing.
type Fields []Field

// String returns the names, separated by commas.
func (fs Fields) String() string {
	var all []string
	for _, f := range fs {
		all = append(all, f.String())
	}
	return strings.Join(all, ", ")
}

// contained lists the fields that say nothing beside another one.
var contained = []struct{ field, in Field }{
	{RouterPrefix, Router},
	{ClientPrefix, Client},
	{Client, Flow},
	{ClientPrefix, Flow},
}

// check refuses lists in which a field is there for nothing.
func (fs Fields) check() error {
	if len(fs) == 0 {
		return fmt.Errorf("is empty; list at least one of %s", strings.Join(names[Router:], ", "))
	}
	for i, f := range fs {
		if !f.known() {
			return fmt.Errorf("%v is not a field", f)
		}
		if slices.Contains(fs[:i], f) {
			return fmt.Errorf("%v is listed twice", f)
		}
	}
	for _, c := range contained {
		if slices.Contains(fs, c.field) && slices.Contains(fs, c.in) {
			return fmt.Errorf("%v adds nothing to %v; remove one of them", c.field, c.in)
		}
	}
	return nil
}
