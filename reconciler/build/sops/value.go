package sops

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// comment is a value that SOPS made of a comment in a list. It isn't part of the MAC.
type comment struct{}

// float is a number as it was written: its text, and the form that the MAC has.
type float struct{ text, canonical string }

// timestamp is a point in time, as it was written.
type timestamp string

// open decrypts one value, which is bound to its place. It gives a string, int64,
// float, bool, timestamp or comment. Errors don't tell the value.
func open(text string, key []byte, place string) (any, error) {
	if text == "" {
		return "", nil // SOPS leaves the empty text as it is
	}
	data, iv, kind, err := parseValue(text)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("using the data key: %w", err)
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, len(iv))
	if err != nil {
		return nil, fmt.Errorf("using the data key: %w", err)
	}
	plain, err := gcm.Open(nil, iv, data, []byte(place))
	if err != nil {
		return nil, errors.New("it was changed or moved since it was encrypted")
	}
	return typed(string(plain), kind)
}

// parseValue splits ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]; the tag is at the end of data.
func parseValue(text string) (data, iv []byte, kind string, err error) {
	inner, begins := strings.CutPrefix(text, "ENC[AES256_GCM,")
	inner, ends := strings.CutSuffix(inner, "]")
	fields := strings.Split(inner, ",")
	if !begins || !ends || len(fields) != 4 {
		return nil, nil, "", errors.New("it isn't encrypted, but must be by the file's rule")
	}
	var parts [4]string
	for i, name := range []string{"data:", "iv:", "tag:", "type:"} {
		part, ok := strings.CutPrefix(fields[i], name)
		if !ok {
			return nil, nil, "", errors.New("its encrypted form is damaged")
		}
		parts[i] = part
	}
	var raw [3][]byte
	for i := range raw {
		if raw[i], err = base64.StdEncoding.DecodeString(parts[i]); err != nil {
			return nil, nil, "", errors.New("its base64 is damaged")
		}
	}
	if len(raw[1]) == 0 || len(raw[2]) != 16 {
		return nil, nil, "", errors.New("its nonce or tag is damaged")
	}
	return append(raw[0], raw[2]...), raw[1], parts[3], nil
}

func typed(plain, kind string) (any, error) {
	wrong := fmt.Errorf("it isn't of the type %s that is named", kind)
	switch kind {
	case "str", "bytes":
		return plain, nil
	case "int":
		n, err := strconv.ParseInt(plain, 10, 64)
		if err != nil {
			return nil, wrong
		}
		return n, nil
	case "float":
		f, err := strconv.ParseFloat(plain, 64)
		if err != nil {
			return nil, wrong
		}
		return float{plain, formatFloat(f)}, nil
	case "bool":
		b, err := strconv.ParseBool(plain)
		if err != nil {
			return nil, wrong
		}
		return b, nil
	case "time":
		if _, err := time.Parse(time.RFC3339Nano, plain); err != nil {
			return nil, wrong
		}
		return timestamp(plain), nil
	case "comment":
		return comment{}, nil
	}
	return nil, fmt.Errorf("its type %q isn't known", kind)
}

// canonical is the form of a value that goes into the MAC.
func canonical(value any) ([]byte, error) {
	switch value := value.(type) {
	case string:
		return []byte(value), nil
	case timestamp:
		return []byte(value), nil
	case int:
		return strconv.AppendInt(nil, int64(value), 10), nil
	case int64:
		return strconv.AppendInt(nil, value, 10), nil
	case uint64:
		return strconv.AppendUint(nil, value, 10), nil
	case float64:
		return []byte(formatFloat(value)), nil
	case float:
		return []byte(value.canonical), nil
	case bool: // as Python wrote it
		return []byte(strings.ToUpper(strconv.FormatBool(value)[:1]) + strconv.FormatBool(value)[1:]), nil
	case time.Time:
		return value.MarshalText()
	}
	return nil, fmt.Errorf("a value of type %T", value)
}

func formatFloat(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
