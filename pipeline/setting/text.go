package setting

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// IsText reports whether values of the type are parsed from text.
func IsText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// Parse returns the value of a field's type that text stands for: the elements of a list
// have commas between them.
func Parse(text string, t reflect.Type) (reflect.Value, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !IsList(t) {
		return parseOne(text, t)
	}
	list := reflect.MakeSlice(t, 0, 0)
	for item := range strings.SplitSeq(text, ",") {
		v, err := parseOne(strings.TrimSpace(item), t.Elem())
		if err != nil {
			return list, err
		}
		list = reflect.Append(list, v)
	}
	return list, nil
}

// parseOne returns the value of a type that text stands for.
func parseOne(text string, t reflect.Type) (reflect.Value, error) {
	v := reflect.New(t)
	if u, ok := v.Interface().(encoding.TextUnmarshaler); ok {
		err := u.UnmarshalText([]byte(text))
		return v.Elem(), err
	}
	v = v.Elem()
	var err error
	switch {
	case t == durationType:
		var d time.Duration
		d, err = time.ParseDuration(text)
		v.SetInt(int64(d))
	case v.CanInt():
		var n int64
		n, err = strconv.ParseInt(text, 10, t.Bits())
		v.SetInt(n)
	case v.CanUint():
		var n uint64
		n, err = strconv.ParseUint(text, 10, t.Bits())
		v.SetUint(n)
	case v.CanFloat():
		var f float64
		f, err = strconv.ParseFloat(text, t.Bits())
		v.SetFloat(f)
	case t.Kind() == reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	case t.Kind() == reflect.String:
		v.SetString(text)
	default:
		err = fmt.Errorf("a %v is not written as text", t)
	}
	return v, err
}

// Format returns a setting's value as it would be written in a configuration:
// numbers, durations and the like as text, and a list with commas. No value is
// empty.
func Format(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return Format(v.Elem())
	case reflect.Float64, reflect.Float32:
		if !IsText(v.Type()) {
			return floatText(v.Float(), v.Type().Bits())
		}
	case reflect.Slice:
		if !IsText(v.Type()) {
			return listText(v)
		}
	}
	switch value := v.Interface().(type) {
	case time.Duration:
		return FormatDuration(value)
	case encoding.TextMarshaler:
		if text, err := value.MarshalText(); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(v.Interface())
}

func listText(list reflect.Value) string {
	var items []string
	for i := range list.Len() {
		items = append(items, Format(list.Index(i)))
	}
	return strings.Join(items, ", ")
}

// floatText writes an exponent only where people would.
func floatText(f float64, bits int) string {
	if size := math.Abs(f); size >= 1e-4 && size < 1e15 {
		return strconv.FormatFloat(f, 'f', -1, bits)
	}
	return strconv.FormatFloat(f, 'g', -1, bits)
}

// FormatDuration leaves out the zeros that [time.Duration.String] ends with.
func FormatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// plainDecimal matches what is a number to every reader.
var plainDecimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// Value returns a field's value as that of an [Info]. It is nil where there is none, and where
// only the plugin knows how it is written.
func Value(v reflect.Value) any {
	t := v.Type()
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return Value(v.Elem())
	case IsList(t):
		items := []any{}
		for i := range v.Len() {
			items = append(items, Value(v.Index(i)))
		}
		return items
	case v.Kind() == reflect.Bool && !IsText(t):
		return v.Bool()
	case v.Kind() == reflect.Struct && !isWritten(t):
		return nil
	}
	text := Format(v)
	if v.Kind() != reflect.String && plainDecimal.MatchString(text) || v.CanFloat() && !IsText(t) {
		return json.Number(strings.ToLower(text))
	}
	return text
}

// isWritten reports whether values of the type can be written as text.
func isWritten(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || t.Implements(reflect.TypeFor[fmt.Stringer]())
}
