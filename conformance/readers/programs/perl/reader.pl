# A reader of the panel: Perl's Archive::Tar. The protocol is in ../README.md.
# read() goes on after a bad header and leaves an error behind: that is a refusal here.
use strict;
use warnings;
use Archive::Tar;
use Digest::SHA qw(sha256_hex);

$Archive::Tar::WARN = 0;
$SIG{__WARN__} = sub { };
binmode STDIN;
binmode STDOUT;
$| = 1;

my %types = (0 => 'reg', 1 => 'hardlink', 2 => 'symlink', 3 => 'char', 4 => 'block', 5 => 'dir', 6 => 'fifo', 7 => 'reg');

print qq([{"name":"Perl Archive::Tar","version":"$Archive::Tar::VERSION","op":"tar"}]\n);
while (defined(my $line = <STDIN>)) {
    my (undef, $size) = split ' ', $line;
    my $content = '';
    while (length $content < $size) {
        my $count = read STDIN, $content, $size - length $content, length $content;
        exit 0 unless $count;
    }
    print '[', answer($content), "]\n";
}

sub answer {
    my ($content) = @_;
    my $tar = Archive::Tar->new;
    my @members;
    my $read = eval {
        open my $handle, '<:raw', \$content or die "no handle: $!";
        local $SIG{ALRM} = sub { die "it does not end\n" };
        alarm 1 + length($content) / 2**22;
        my @found = $tar->read($handle);
        alarm 0;
        @members = map { member($_) } $tar->get_files;
        1;
    };
    alarm 0;
    my $problem = $read ? $tar->error : $@ || 'it died';
    my $members = '{"members":[' . join(',', @members) . ']';
    return "$members}" unless defined $problem && length $problem;
    $problem =~ s/[^ !#-\[\]-~]/?/g;
    return qq($members,"refused":") . substr($problem, 0, 300) . '"}';
}

sub member {
    my ($file) = @_;
    my $type    = $file->type;
    my $kind    = exists $types{$type} ? $types{$type} : 'other:' . (length $type ? ord $type : 0);
    my $content = $file->get_content;
    my $digest  = defined $content && length $content ? '"' . sha256_hex($content) . '"' : 'null';
    return sprintf '["%s","%s",%s,%s,%s,%s,"%s",%s,"%s","%s",null,%s]',
        hex_of($file->full_path), $kind, (map { number($_) } $file->size, $file->mode, $file->uid, $file->gid),
        hex_of($file->linkname), number($file->mtime), hex_of($file->uname), hex_of($file->gname), $digest;
}

sub hex_of { my ($text) = @_; return unpack 'H*', defined $text ? $text : '' }

sub number { my ($value) = @_; return defined $value && $value =~ /\A-?[0-9]+\z/ ? $value + 0 : 'null' }
