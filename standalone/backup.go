package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"okey/config"
	"okey/internal/postgres"
	"okey/okey"
	"okey/sql"
)

// backup writes all that a folder keeps into one new file: the databases of OKEY and of the engine as they are at one and the same
// moment, the secrets that they hang on, mails and keys of the demonstration. OKEY may run on it meanwhile.
func backup(ctx context.Context, data, to string) (err error) {
	if _, err := os.Stat(to); err == nil {
		return fmt.Errorf("%s existe déjà : donnez un autre nom de fichier, une sauvegarde n'en efface pas une autre", to)
	}
	if within, err := filepath.Rel(data, to); err == nil && filepath.IsLocal(within) {
		return fmt.Errorf("%s est dans le dossier à sauvegarder : écrivez la sauvegarde ailleurs, sur une autre machine pour finir", to)
	}
	if missing(filepath.Join(databaseDir(data), "data")) {
		return fmt.Errorf("le dossier %s n'a pas de base : il n'y a rien à sauvegarder. Est-ce le bon --data ?", data)
	}
	if err := ownFolder(data); err != nil {
		return err
	}
	at, stop, err := databaseFor(ctx, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()

	half := to + ".part" // what is named as was asked for is whole
	file, err := os.OpenFile(half, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("la sauvegarde ne peut pas être écrite : %w", err)
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(half) // once it has its name, it is not there any more
	}()
	err = writeBackup(ctx, data, at, file)
	if err != nil {
		return fmt.Errorf("la sauvegarde a échoué, rien n'est gardé : %w", err)
	}
	if err := errors.Join(file.Sync(), os.Rename(half, to)); err != nil {
		return fmt.Errorf("la sauvegarde a échoué, rien n'est gardé : %w", err)
	}
	if err := noteBackup(ctx, at); err != nil {
		fmt.Fprintln(os.Stderr, "okey-standalone : la sauvegarde est faite, mais « okey doctor » ne le saura pas :", err)
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	fmt.Printf("Sauvegarde faite : %s (%s Mo). Elle contient aussi les secrets : gardez-la sur une autre machine, comme un mot de passe.\n",
		to, okey.SayNumber(int(info.Size()>>20)+1))
	return nil
}

// noteBackup tells the database, for doctor and metrics, that a backup was taken.
func noteBackup(ctx context.Context, at postgres.Options) error {
	address, err := postgres.Address(at, okeyDatabase)
	if err != nil {
		return err
	}
	store, err := sql.Open(address, config.Keyring{}) // nothing is audited
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	return store.NoteBackup(ctx, time.Now())
}

// databaseFor is where the folder's database answers: that of the OKEY that runs on it, else one that is started for as long as it takes.
func databaseFor(ctx context.Context, data string) (at postgres.Options, stop func() error, err error) {
	at.Dir = databaseDir(data)
	lock, running := lockDirectory(data)
	if running == nil {
		cluster, err := postgres.Start(ctx, at)
		if err != nil {
			return at, nil, errors.Join(err, lock.Close())
		}
		at.Port = cluster.Port()
		return at, func() error { return errors.Join(cluster.Stop(), lock.Close()) }, nil
	}
	text, err := os.ReadFile(adminFile(data))
	if errors.Is(err, fs.ErrNotExist) {
		return at, nil, fmt.Errorf("OKEY démarre encore sur %s : recommencez quand il est prêt", data)
	}
	if err != nil {
		return at, nil, fmt.Errorf("read where the database answers: %w", err)
	}
	_, where, _ := strings.Cut(strings.TrimSpace(string(text)), "=")
	address, err := url.Parse(where)
	if err != nil {
		return at, nil, fmt.Errorf("read where the database answers in %s: %w", adminFile(data), err)
	}
	host, port, err := net.SplitHostPort(address.Host)
	if err != nil {
		return at, nil, fmt.Errorf("read where the database answers in %s: %w", adminFile(data), err)
	}
	at.Host = host
	at.Port, err = strconv.Atoi(port)
	return at, func() error { return nil }, err
}

// logs are those of the parts, with what was put aside of each.
var logs = regexp.MustCompile(`^(postgres/log(\.\d+)?(\.gz)?|(okey|temporal)(-[0-9T.-]+)?\.log(\.old)?)$`)

// perishable is what a folder has of the process that runs on it, and what a start makes anew.
func perishable(name string) bool {
	switch name {
	case "postgres/data", "postgres/port", "lock", "okey.env", "okey-admin.env":
		return true
	}
	return strings.HasSuffix(name, ".new") || logs.MatchString(name)
}

func writeBackup(ctx context.Context, data string, at postgres.Options, to io.Writer) error {
	zip := gzip.NewWriter(to)
	out := tar.NewWriter(zip)
	if err := addFolder(out, data); err != nil {
		return err
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(postgres.Backup(ctx, at, writer)) }()
	if err := addCluster(out, reader); err != nil {
		reader.CloseWithError(err)
		return err
	}
	return errors.Join(out.Close(), zip.Close())
}

// addFolder adds what lies in the folder beside the cluster's data. A file that goes away meanwhile is none of the backup.
func addFolder(out *tar.Writer, data string) error {
	root := os.DirFS(data)
	return fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case perishable(name) && entry.IsDir():
			return fs.SkipDir
		case name == "." || perishable(name) || !entry.IsDir() && !entry.Type().IsRegular():
			return nil
		case entry.IsDir():
			return out.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o700})
		}
		content, err := fs.ReadFile(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err = out.Write(content)
		return err
	})
}

// clusterData is where the cluster's own tar goes within ours.
const clusterData = "postgres/data"

func addCluster(out *tar.Writer, from io.Reader) error {
	in := tar.NewReader(from)
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: clusterData + "/", Mode: 0o700}); err != nil {
		return err
	}
	for {
		entry, err := in.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, from) // what pads the tar, and how its writer ended
			return err
		}
		if err != nil {
			return err
		}
		header := tar.Header{
			Typeflag: entry.Typeflag, Name: path.Join(clusterData, entry.Name), Mode: entry.Mode, Size: entry.Size, ModTime: entry.ModTime,
		}
		if entry.Typeflag == tar.TypeDir {
			header.Name += "/"
		}
		if err := out.WriteHeader(&header); err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
	}
}

// restoring is where, within the folder, a restore works: whoever may write there need not be its parent's owner, and it may be a disk.
const restoring = "restore.part"

// restore puts a backup into a new folder, or an empty one, and checks it.
func restore(ctx context.Context, from, data string) (err error) {
	half := filepath.Join(data, restoring)
	found, missing := os.ReadDir(data)
	if len(found) > 1 || len(found) == 1 && found[0].Name() != restoring { // one that was broken off leaves that alone
		return fmt.Errorf("le dossier %s n'est pas vide : donnez un nouveau --data, rien n'est effacé", data)
	}
	file, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("la sauvegarde ne peut pas être lue : %w", err)
	}
	defer file.Close()
	if err := ownFolder(data); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(half), os.MkdirAll(half, 0o700)); err != nil {
		return fmt.Errorf("le dossier ne peut pas être créé : %w", err)
	}
	defer func() {
		_ = os.RemoveAll(half) // a folder of our own
		if err != nil && missing != nil {
			_ = os.Remove(data) // it was not there
		}
	}()
	if err := restoreInto(ctx, half, file, from); err != nil {
		return err
	}
	if err := moveUp(half, data); err != nil {
		return fmt.Errorf("put the folder in its place: %w", err)
	}
	production := ""
	if began, err := os.ReadFile(markerIn(data)); err == nil && string(began) == inProduction {
		production = " --production"
	}
	fmt.Printf("Sauvegarde remise dans %s, et vérifiée. Démarrez : okey-standalone%s --data %s\n", data, production, data)
	return nil
}

// restoreInto unpacks a backup and holds its database to the sums that were taken with it.
func restoreInto(ctx context.Context, half string, file io.Reader, from string) error {
	err := unpack(file, half)
	for _, needed := range []string{clusterData + "/PG_VERSION", "postgres/password", "secrets"} {
		if err == nil && missing(filepath.Join(half, needed)) {
			err = fmt.Errorf("il y manque %s", needed)
		}
	}
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("le disque de %s est plein : il n'y a pas la place de la sauvegarde", filepath.Dir(half))
	case err != nil:
		return fmt.Errorf("%s n'est pas une sauvegarde entière d'okey-standalone : %w", from, err)
	}
	return postgres.Verify(ctx, databaseDir(half))
}

// moveUp puts what half has into the folder around it. The secrets come first: beside them a start misses the database, and says so.
func moveUp(half, data string) error {
	entries, err := os.ReadDir(half)
	if err != nil {
		return err
	}
	names := []string{"secrets"}
	for _, entry := range entries {
		if entry.Name() != names[0] {
			names = append(names, entry.Name())
		}
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(half, name), filepath.Join(data, name)); err != nil {
			return err
		}
	}
	return nil
}

// unpack writes what a backup has into a folder, and nothing outside it.
func unpack(from io.Reader, to string) error {
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	zip, err := gzip.NewReader(from)
	if err != nil {
		return err
	}
	in := tar.NewReader(zip)
	for {
		entry, err := in.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, zip) // to the sum at its end
			return err
		}
		if err != nil {
			return err
		}
		switch name := path.Clean(entry.Name); entry.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o700)
		case tar.TypeReg:
			err = unpackFile(root, name, entry.FileInfo().Mode(), in)
		default:
			err = fmt.Errorf("%s n'est ni un fichier ni un dossier", entry.Name)
		}
		if err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, name string, mode fs.FileMode, from io.Reader) error {
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode.Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}
