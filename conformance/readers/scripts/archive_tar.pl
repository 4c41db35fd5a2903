# Lists a tar file with Archive::Tar: one name a line, exit 0 when it was read.
# read() returns undef when nothing could be read; after a bad header it goes on and leaves an error behind, so a
# file counts as read when entries were found, or when none were found and nothing went wrong.
use strict;
use warnings;
use Archive::Tar;

if ($ARGV[0] eq '--version') {
    print "$Archive::Tar::VERSION\n";
    exit 0;
}
my $tar   = Archive::Tar->new;
my $count = $tar->read($ARGV[0]);
my @names = map { $_->full_path } $tar->get_files;
print "$_\n" for @names;
exit 0 if @names or (defined $count and not $tar->error);
print STDERR 'rejected: ', ($tar->error || 'nothing could be read'), "\n";
exit 1;
