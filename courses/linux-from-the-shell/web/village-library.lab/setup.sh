# What the library has so far.
set -eu
mkdir -p site material bin
printf '%s\n' "Tuesday to Friday: 10 to 18" "Saturday: 10 to 14" "Monday and Sunday: closed" > material/hours.txt
echo "The door sticks. Pull, don't push." > material/for-staff-only.txt
