package helm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/towline-dev/towline/reconciler/build"
)

// unpack gives the files of a packed chart without the folder that all of them lie in.
// Helm's own reader bounds each archive, but not all archives of a chart together.
func (l *loading) unpack(place string, packed []byte) (map[string][]byte, error) {
	fail := func(err error) (map[string][]byte, error) { return nil, &build.Error{File: place, Err: err} }
	zipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fail(fmt.Errorf("reading the archive: %w", err))
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(io.LimitReader(zipped, l.limits.Bytes+1)); ; {
		if err := l.alive(); err != nil {
			return nil, err
		}
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return fail(fmt.Errorf("reading the archive: %w", err))
		}
		name, err := packedName(header)
		if err != nil {
			return fail(err)
		}
		if name == "" {
			continue
		}
		data, err := l.readPacked(archive, name)
		if err != nil {
			return fail(err)
		}
		if _, ok := files[name]; ok {
			return fail(fmt.Errorf("%q is there twice", name))
		}
		if data, err = l.open(path.Join(place, name), data); err != nil { // files outside of archives are opened as they are read
			return nil, err
		}
		files[name] = bytes.TrimPrefix(data, []byte("\ufeff"))
		if len(files) > l.limits.Files {
			return fail(fmt.Errorf("more than %d files", l.limits.Files))
		}
	}
}

// packedName gives a file's path in its chart, or nothing for what isn't a file. Names that
// lead elsewhere, and links, which nothing in a packed chart needs, are refused.
func packedName(header *tar.Header) (string, error) {
	switch header.Typeflag {
	case tar.TypeReg:
	case tar.TypeDir, tar.TypeXGlobalHeader, tar.TypeXHeader:
		return "", nil
	default:
		return "", fmt.Errorf("%q is neither a file nor a folder", header.Name)
	}
	full := strings.ReplaceAll(header.Name, `\`, "/")
	folder, name, ok := strings.Cut(strings.TrimPrefix(full, "./"), "/")
	switch {
	case strings.HasPrefix(full, "/") || folder == "..":
		return "", fmt.Errorf("%q leads out of the chart", header.Name)
	case !ok:
		return "", fmt.Errorf("%q doesn't lie in the chart's folder", header.Name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." || strings.HasSuffix(part, ":") {
			return "", fmt.Errorf("%q leads out of the chart", header.Name)
		}
	}
	return path.Clean(name), nil
}

// readPacked reads one file within the limits, which hold for all archives together.
func (l *loading) readPacked(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, l.limits.FileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if int64(len(data)) > l.limits.FileBytes {
		return nil, fmt.Errorf("%q is larger than %d bytes", name, l.limits.FileBytes)
	}
	if l.unpacked += int64(len(data)); l.unpacked > l.limits.Bytes {
		return nil, fmt.Errorf("more than %d bytes in all archives of the chart together", l.limits.Bytes)
	}
	return data, nil
}
