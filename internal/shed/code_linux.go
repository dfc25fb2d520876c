package shed

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// mapping is a stretch of this process's memory.
type mapping struct {
	start, end uintptr
	rights     string // such as "r-xp"
	file       string
	written    bool // it holds pages that aren't the file's any more
}

// code unmaps the pages of the program's file that can't be written to. They stay in the system's cache, and the ones that
// are used are mapped again when they are. Where anything isn't as expected nothing is done: it is only a saving.
func code() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for _, m := range mappings() {
		if m.file == program && strings.HasPrefix(m.rights, "r-") && strings.HasSuffix(m.rights, "p") && !m.written {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, m.start, m.end-m.start, syscall.MADV_DONTNEED) // see above
		}
	}
}

// mappings reads /proc/self/smaps; none where that isn't possible. Relocated pages are read-only and yet not the file's,
// so which ones were written is asked and not guessed.
func mappings() []mapping {
	file, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }() // it was only read
	var all []mapping
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) >= 5 && strings.Contains(words[0], "-"):
			if m, ok := parse(words); ok {
				all = append(all, m)
			}
		case len(words) >= 2 && words[0] == "Anonymous:" && len(all) > 0:
			all[len(all)-1].written = words[1] != "0"
		}
	}
	if lines.Err() != nil {
		return nil
	}
	return all
}

// parse reads a line such as "00400000-0249d000 r-xp 00000000 fe:00 119281   /towline". A mapping counts as written until
// the line that says otherwise.
func parse(words []string) (mapping, bool) {
	from, to, _ := strings.Cut(words[0], "-")
	start, err := strconv.ParseUint(from, 16, strconv.IntSize)
	if err != nil {
		return mapping{}, false
	}
	end, err := strconv.ParseUint(to, 16, strconv.IntSize)
	if err != nil {
		return mapping{}, false
	}
	m := mapping{start: uintptr(start), end: uintptr(end), rights: words[1], written: true}
	if len(words) >= 6 {
		m.file = strings.Join(words[5:], " ")
	}
	return m, true
}
