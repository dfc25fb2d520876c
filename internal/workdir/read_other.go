//go:build !unix

package workdir

import "errors"

// read reads a file of the folder. It follows no link.
func (r *reader) read(f *folder, base string) (content, error) {
	before, err := f.root.Lstat(base)
	if err != nil {
		return content{}, err
	}
	if !before.Mode().IsRegular() {
		return content{}, errNotRegular
	}
	file, err := f.root.Open(base)
	if err != nil {
		return content{}, err
	}
	info, err := file.Stat()
	if err != nil {
		return content{}, errors.Join(err, file.Close())
	}
	if !info.Mode().IsRegular() {
		return content{}, errors.Join(errNotRegular, file.Close())
	}
	if info.Size() > MaxFile {
		return content{rest: file, size: info.Size()}, nil
	}
	data, err := r.fill(file, info.Size())
	return content{data: data, size: info.Size()}, errors.Join(err, file.Close())
}
