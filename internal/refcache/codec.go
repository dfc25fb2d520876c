package refcache

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
)

// Layout names the fields of a type, and theirs: what was encoded with another layout
// can't be decoded, so it belongs into the key.
func Layout(t reflect.Type) string {
	sum := sha256.Sum256([]byte(describe(t)))
	return hex.EncodeToString(sum[:8])
}

func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return t.Kind().String() + " " + describe(t.Elem())
	case reflect.Struct:
		text := "{"
		for i := range t.NumField() {
			text += t.Field(i).Name + " " + describe(t.Field(i).Type) + ";"
		}
		return text + "}"
	default:
		return t.Kind().String()
	}
}

// Encode appends a value made of structs with exported fields, slices, pointers,
// strings, integers and booleans. Anything else in it is an error.
func Encode(b []byte, v any) ([]byte, error) { return encode(b, reflect.ValueOf(v)) }

func encode(b []byte, v reflect.Value) (_ []byte, err error) {
	switch v.Kind() {
	case reflect.String:
		b = binary.AppendUvarint(b, uint64(v.Len())) //nolint:gosec // G115: a length
		return append(b, v.String()...), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(b, v.Int()), nil
	case reflect.Bool:
		return binary.AppendVarint(b, flag(v.Bool())), nil
	case reflect.Pointer:
		b = binary.AppendVarint(b, flag(!v.IsNil()))
		if v.IsNil() {
			return b, nil
		}
		return encode(b, v.Elem())
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len())) //nolint:gosec // G115: a length
		for i := 0; i < v.Len() && err == nil; i++ {
			b, err = encode(b, v.Index(i))
		}
		return b, err
	case reflect.Struct:
		for i := 0; i < v.NumField() && err == nil; i++ {
			if !v.Type().Field(i).IsExported() {
				return b, fmt.Errorf("encoding a %s: its field %s isn't exported", v.Type(), v.Type().Field(i).Name)
			}
			b, err = encode(b, v.Field(i))
		}
		return b, err
	default:
		return b, fmt.Errorf("encoding a %s isn't known", v.Type())
	}
}

func flag(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

// Decode fills in what v points to, which must be a zero value, from what Encode wrote of
// the same type. Strings go through intern, so that equal ones can share their memory.
func Decode(data []byte, v any, intern func([]byte) string) error {
	d := decoder{rest: data, intern: intern}
	if err := d.value(reflect.ValueOf(v).Elem()); err != nil {
		return err
	}
	if len(d.rest) > 0 {
		return errValue
	}
	return nil
}

var errValue = errors.New("decoding a value: it isn't what was written")

type decoder struct {
	rest   []byte
	intern func([]byte) string
}

func (d *decoder) value(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		n, err := d.length()
		if err == nil {
			v.SetString(d.intern(d.rest[:n]))
			d.rest = d.rest[n:]
		}
		return err
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := d.varint()
		v.SetInt(n)
		return err
	case reflect.Bool:
		n, err := d.varint()
		v.SetBool(n != 0)
		return err
	case reflect.Pointer:
		if n, err := d.varint(); err != nil || n == 0 {
			return err
		}
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(v.Elem())
	case reflect.Slice:
		return d.slice(v)
	case reflect.Struct:
		for i := range v.NumField() {
			if err := d.value(v.Field(i)); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("decoding a %s isn't known", v.Type())
	}
}

func (d *decoder) slice(v reflect.Value) error {
	n, err := d.length() // each element takes a byte at least
	if err != nil || n == 0 {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		if err := d.value(v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// length reads how many bytes or elements follow, which can't be more than bytes are left.
func (d *decoder) length() (int, error) {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 || n > uint64(len(d.rest)-size) { //nolint:gosec // G115: size is within the rest
		return 0, errValue
	}
	d.rest = d.rest[size:]
	return int(n), nil //nolint:gosec // G115: bounded by the length of the data
}

func (d *decoder) varint() (int64, error) {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		return 0, errValue
	}
	d.rest = d.rest[size:]
	return n, nil
}
