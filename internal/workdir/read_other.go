//go:build !unix

package workdir

import "errors"

// enter opens a folder of the folder. It follows no link out of the tree.
func (f *folder) enter(step string) (*folder, error) { return f.dir.folder(f.path(step)) }

// read reads a file of the folder. It follows no link.
func (r *reader) read(f *folder, base string) (content, error) {
	root, err := f.writable()
	if err != nil {
		return content{}, err
	}
	before, err := root.Lstat(base)
	if err != nil {
		return content{}, err
	}
	if !before.Mode().IsRegular() {
		return content{}, errNotRegular
	}
	file, err := root.Open(base)
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
