package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/pipeline/setting"
)

var durationType = reflect.TypeFor[time.Duration]()

// kindError says that a value is not of the kind that a setting wants.
type kindError struct {
	want string
	got  any
	hint string
}

func (e *kindError) Error() string { return "must be " + e.want + ", not " + syntax.KindOf(e.got) }

// rangeError says that a number does not fit into its field.
type rangeError struct {
	bounds string
	got    Number
}

func (e *rangeError) Error() string { return "must be " + e.bounds + ", not " + string(e.got) }

// convert is the decoder's hook: it is called for every value, and returns what
// can be put into a field as it is, so that the decoder converts nothing itself.
func convert(from, to reflect.Value) (any, error) {
	value, t := from.Interface(), to.Type()
	if from.Type() == t || t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return value, nil
	}
	if hint := addressHint(value); hint != "" {
		return nil, &kindError{"text", value, hint}
	}
	text, isScalar := syntax.ScalarText(value)
	switch {
	case setting.IsText(t) && isScalar:
		return unmarshalText(t, text)
	case setting.IsText(t) && t.Kind() != reflect.Slice:
		return nil, &kindError{"a single value", value, ""}
	case t == durationType:
		return duration(value)
	case t.Kind() == reflect.Slice:
		return list(value, isScalar)
	}
	return basic(value, t)
}

func unmarshalText(t reflect.Type, text string) (any, error) {
	v := reflect.New(t)
	if err := v.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		return nil, err
	}
	return v.Elem().Interface(), nil
}

func duration(value any) (any, error) {
	text, ok := value.(string)
	if value == Number("0") {
		text, ok = "0s", true // no unit is missing
	}
	if !ok {
		return nil, &kindError{"a duration such as 10s", value, unitHint(value)}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a duration such as 10s or 1h30m; its units are ms, s, m and h", text)
	}
	return d, nil
}

// unitHint returns what to write for a number that lacks its unit.
func unitHint(value any) string {
	n, ok := value.(Number)
	if !ok {
		return ""
	}
	return `write "` + string(n) + `s" if seconds are meant`
}

// list lets a single value stand for a list of one.
func list(value any, isScalar bool) (any, error) {
	if isScalar {
		return []any{value}, nil
	}
	if _, ok := value.([]any); !ok {
		return nil, &kindError{"a list", value, ""}
	}
	return value, nil
}

func basic(value any, t reflect.Type) (any, error) {
	switch t.Kind() {
	case reflect.Bool:
		return boolean(value)
	case reflect.String:
		return str(value)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return integer(value, t)
	case reflect.Float32, reflect.Float64:
		return floating(value, t)
	}
	return value, nil // the settings as a whole
}

func boolean(value any) (any, error) {
	if _, ok := value.(bool); ok {
		return value, nil
	}
	text, _ := syntax.ScalarText(value)
	hint := syntax.BoolHint(text)
	if value == "true" || value == "false" {
		hint = "leave out the quotes"
	}
	return nil, &kindError{"true or false", value, hint}
}

func str(value any) (any, error) {
	if _, ok := value.(string); ok {
		return value, nil
	}
	hint := ""
	if text, ok := syntax.ScalarText(value); ok {
		hint = `put quotes around it: "` + text + `"`
	} else if _, ok := value.([]any); ok {
		hint = "write a single one"
	}
	return nil, &kindError{"text", value, hint}
}

// addressHint returns what to write for an IPv6 address or prefix in {}, of which the
// parser takes what stands before the first colon for a name.
func addressHint(value any) string {
	table, ok := value.(Table)
	if !ok || len(table) != 1 {
		return ""
	}
	rest, _ := syntax.ScalarText(table[0].Value)
	text := table[0].Name + ":" + rest
	addr, _, _ := strings.Cut(text, "/")
	if _, err := netip.ParseAddr(addr); err != nil {
		return ""
	}
	return `put quotes around it: "` + text + `"`
}

func integer(value any, t reflect.Type) (any, error) {
	n, ok := value.(Number)
	if !ok {
		return nil, &kindError{"a whole number", value, unquote(value)}
	}
	var v any
	var err error
	if t.Kind() >= reflect.Uint {
		v, err = n.Unsigned(t.Bits())
	} else {
		v, err = n.Signed(t.Bits())
	}
	if errors.Is(err, syntax.ErrRange) {
		least, most := setting.Limits(t)
		return nil, &rangeError{fmt.Sprintf("from %s to %s", least, most), n}
	}
	if err != nil {
		return nil, fmt.Errorf("must be a whole number, not %s", n)
	}
	return v, nil
}

func floating(value any, t reflect.Type) (any, error) {
	n, ok := value.(Number)
	if !ok {
		return nil, &kindError{"a number", value, unquote(value)}
	}
	v, err := n.Float(t.Bits())
	if err != nil {
		return nil, fmt.Errorf("%s is out of range", n)
	}
	return v, nil
}

// unquote returns a hint for numbers in quotes, and for those with a comment as other
// languages have it.
func unquote(value any) string {
	text, ok := value.(string)
	if strings.Contains(text, " //") {
		return "comments begin with #"
	}
	if _, isNumber := syntax.ParseText(text); !ok || !isNumber {
		return ""
	}
	return "leave out the quotes"
}
